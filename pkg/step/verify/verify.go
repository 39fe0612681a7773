// Package verify is the step kind verify: it asks an HTTPS URL, from outside the
// workload, until every look has been answered well for as long as the plan says.
//
// It guarantees that one miss starts the time again. It remembers nothing: each
// look asks once, and the journal keeps since when the answers have been good.
// It changes nothing and calls no AWS API.
package verify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// patience bounds one look, from the name lookup to the last byte read. A page
// that takes longer does not serve anybody.
const patience = 5 * time.Second

// drained is how much of a body is read: enough to see that the answer arrives.
const drained = 64 << 10

// Kind asks over the network as any visitor does.
type Kind struct{ client *http.Client }

// New asks through client, whose own limits stay. nil: a client that opens a
// connection a look, because a kept one would go on speaking to the server that
// the name pointed at before.
func New(client *http.Client) *Kind {
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DisableKeepAlives = true
		client = &http.Client{Transport: transport}
	}
	asked := *client
	asked.Timeout = patience
	// A redirect is not the page that was asked for: a failed-over site that
	// sends everybody to a sorry page elsewhere must not pass.
	asked.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Kind{&asked}
}

// Advance asks once. A bad answer is a miss and no error: it may be better next
// time, until the step's timeout.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.Verify) (step.Progress, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, spec.URL, nil)
	if err != nil || request.URL.Scheme != "https" {
		return step.Progress{}, step.Permanent("%q is not an https URL: correct the plan's \"url\"", spec.URL)
	}
	request.Header.Set("User-Agent", "pilotlight-verify")
	status, err := k.ask(request)
	if ctx.Err() != nil {
		return step.Progress{}, fmt.Errorf("verify %s: %w", spec.URL, ctx.Err())
	}
	if err != nil {
		return step.Progress{Detail: err.Error()}, nil
	}
	if status/100 != 2 {
		return step.Progress{Detail: fmt.Sprintf("%s answered %d", spec.URL, status)}, nil
	}
	return judge(r, spec, status), nil
}

func (k *Kind) ask(request *http.Request) (status int, err error) {
	response, err := k.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, drained)); err != nil {
		return 0, fmt.Errorf("read the answer of %s: %w", request.URL, err)
	}
	return response.StatusCode, nil
}

// judge sets a good answer beside the ones before it.
func judge(r step.Run, spec plan.Verify, status int) step.Progress {
	var lasted time.Duration
	if !r.Good.IsZero() {
		lasted = r.Now.Sub(r.Good)
	}
	return step.Progress{
		Good:   true,
		Done:   lasted >= spec.For.D(),
		Detail: fmt.Sprintf("%s answered %d, good for %s of %s", spec.URL, status, lasted, spec.For),
	}
}
