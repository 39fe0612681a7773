package simulated

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
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

// CreateKey makes a KMS key and an alias of it. It speaks KMS's wire protocol
// itself: no product code uses KMS, so its SDK is not among the dependencies.
func (c *Cloud) CreateKey(t *testing.T, region, alias string) {
	t.Helper()
	c.kms(t, region, "CreateAlias", `{"AliasName": "`+alias+`", "TargetKeyId": "`+c.newKey(t, region)+`"}`)
}

func (c *Cloud) newKey(t *testing.T, region string) string {
	t.Helper()
	answer := c.kms(t, region, "CreateKey", `{}`)
	_, after, _ := strings.Cut(answer, `"KeyId"`)
	parts := strings.SplitN(after, `"`, 3)
	if len(parts) < 3 {
		t.Fatalf("CreateKey answered %s", answer)
	}
	return parts[1]
}

func (c *Cloud) kms(t *testing.T, region, action, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.server.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "TrentService."+action)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=protect/20261122/"+region+"/kms/aws4_request, SignedHeaders=host, Signature=none")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %s: %s, error %v", action, response.Status, answer, err)
	}
	return string(answer)
}
