package simulated

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// actionOf reads the action of the query protocol (EC2) or of the JSON ones (SSM).
func actionOf(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get("Action")
}

// CreateKey makes a KMS key and an alias of it.
func (c *Cloud) CreateKey(t *testing.T, region, alias string) {
	t.Helper()
	client := kms.NewFromConfig(c.Config(region))
	key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err == nil {
		_, err = client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String(alias), TargetKeyId: key.KeyMetadata.KeyId})
	}
	if err != nil {
		t.Fatal(err)
	}
}
