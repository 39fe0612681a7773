package simulated

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ErrCrashed is what a caller gets in the place of the answer that it does not live
// to see.
var ErrCrashed = errors.New("the function died after the call")

// Wire is an HTTP client that notes the requests which change something, and that
// can let the caller die right after one of them.
type Wire struct {
	Changes []string // their operations, in order
	Calls   []string // of all requests
	Crash   int      // after how many changes the caller dies, once; zero: never
}

// On is cfg whose requests go over this wire.
func (w *Wire) On(cfg aws.Config) aws.Config {
	cfg.HTTPClient = w
	return cfg
}

// Do sends a request.
func (w *Wire) Do(request *http.Request) (*http.Response, error) {
	operation, err := operationOf(request)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	w.Calls = append(w.Calls, operation)
	if looks.MatchString(operation) || response.StatusCode/100 != 2 {
		return response, nil
	}
	w.Changes = append(w.Changes, operation)
	if len(w.Changes) != w.Crash {
		return response, nil
	}
	return nil, errors.Join(ErrCrashed, response.Body.Close())
}

// looks are the operations that change nothing.
var looks = regexp.MustCompile(`^(Get|List|Describe|Validate|Head|GET )`)

// operationOf is what a request asks for: in a header of the JSON protocols, in the
// form of the query protocol, and in method and path of the REST ones.
// https://smithy.io/2.0/aws/protocols/index.html
func operationOf(request *http.Request) (string, error) {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:], nil
	}
	if request.Body == nil || !strings.HasPrefix(request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return request.Method + " " + request.URL.Path, nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return "", err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	return form.Get("Action"), err
}
