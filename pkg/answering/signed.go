package answering

import (
	"encoding/base64"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// signed is what a function URL sends: the part of it that says who called.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type signed struct {
	Body    string `json:"body"`
	Base64  bool   `json:"isBase64Encoded"`
	Context struct {
		HTTP struct {
			Method string `json:"method"`
		} `json:"http"`
		Authorizer struct {
			IAM struct {
				UserARN string `json:"userArn"`
			} `json:"iam"`
		} `json:"authorizer"`
	} `json:"requestContext"`
}

// body is the answer itself. Lambda encodes a body whose content type is not text.
func (s signed) body() ([]byte, error) {
	if !s.Base64 {
		return []byte(s.Body), nil
	}
	raw, err := base64.StdEncoding.DecodeString(s.Body)
	if err != nil {
		return nil, failure.BadInputf("the body of the request is not base64, though it says so: %v", err)
	}
	return raw, nil
}
