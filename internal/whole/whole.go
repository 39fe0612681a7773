// Package whole is the HTTP client of tests that talk to a server on this machine
// without retries.
package whole

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Client sends requests in one piece.
var Client = &http.Client{Transport: Transport{}}

// Transport sends each request in one piece. The SDK's own client sends the body
// after the headers and closes it as soon as the answer begins; a server as near as
// a test's sometimes answers before net/http has seen the body's end, which then
// takes the closed body for a failure and cuts the answer off: "use of closed
// network connection" (https://github.com/aws/aws-sdk-go-v2/issues/2737). The SDK's
// retries hide that where there are any.
type Transport struct {
	Next http.RoundTripper // nil: net/http's own
}

// RoundTrip sends one request.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if t.Next == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return t.Next.RoundTrip(r)
}
