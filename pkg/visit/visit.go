// Package visit asks a web server over HTTPS as any visitor does: verify does so
// to see whether a recovered application serves, the probe to see whether the
// workload does, and both must mean the same by it.
//
// It guarantees that the answer is of the page that was asked for, over a
// connection of its own, from a server whose certificate is valid for its name now.
// It does not judge the answer.
package visit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Most is how many bytes of a body are read: enough to see that the answer arrives,
// and to find a text in it.
const Most = 256 << 10

// ErrNotSecure is the error of a page that is not an https URL.
var ErrNotSecure = errors.New("not an https URL")

// Visitor asks web servers. It keeps nothing between two visits.
type Visitor struct {
	client *http.Client
	agent  string
}

// Answer is what a page answered.
type Answer struct {
	Status int
	Body   []byte // the first Most bytes
	// Valid is how long the certificate's chain is; zero: the client did not verify it.
	Valid time.Time
}

// New is a visitor who calls himself agent. nil: a client that opens a connection a
// visit, because a kept one would go on speaking to the server that the name pointed
// at before.
func New(agent string, client *http.Client) Visitor {
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DisableKeepAlives = true
		client = &http.Client{Transport: transport}
	}
	asks := *client
	// A redirect is not the page that was asked for: a failed-over site that
	// sends everybody to a sorry page elsewhere must not pass.
	asks.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return Visitor{&asks, agent}
}

// Secure says whether a page can be asked for.
func Secure(page string) bool {
	u, err := url.Parse(page)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// Ask visits a page once. Patience bounds all of it, from the name's lookup to the
// last byte read. When ctx has ended too, the error is not the server's.
func (v Visitor) Ask(ctx context.Context, page string, patience time.Duration) (Answer, error) {
	if !Secure(page) {
		return Answer{}, fmt.Errorf("%q: %w", page, ErrNotSecure)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return Answer{}, fmt.Errorf("ask for %s: %w", page, err)
	}
	request.Header.Set("User-Agent", v.agent)
	response, err := v.client.Do(request)
	if err != nil {
		return Answer{}, plainly(ctx, page, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, Most))
	if err == nil {
		err = ctx.Err() // a server that is hung up on may end its answer well
	}
	if err != nil {
		return Answer{}, plainly(ctx, page, fmt.Errorf("read the answer: %w", err))
	}
	return Answer{response.StatusCode, body, valid(response)}, nil
}

// plainly says how long was waited, where the client says only that it was too long.
func plainly(ctx context.Context, page string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("ask for %s: %w", page, cause)
	}
	return err
}

// valid is until when the server's name is certified: a chain ends with its
// shortest certificate, and of several chains the longest counts.
func valid(response *http.Response) time.Time {
	var until time.Time
	if response.TLS == nil {
		return until
	}
	for _, chain := range response.TLS.VerifiedChains {
		shortest := chain[0].NotAfter
		for _, certificate := range chain {
			if certificate.NotAfter.Before(shortest) {
				shortest = certificate.NotAfter
			}
		}
		if shortest.After(until) {
			until = shortest
		}
	}
	return until
}
