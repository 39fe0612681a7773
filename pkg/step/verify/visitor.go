package verify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/pilotlight/pilotlight/pkg/step"
)

// patience bounds one look, from the name lookup to the last byte read. A page
// that takes longer does not serve anybody.
const patience = 5 * time.Second

// drained is how much of a body is read: enough to see that the answer arrives.
const drained = 64 << 10

// visitor asks a web server as any visitor does.
type visitor struct{ client *http.Client }

// aVisitor asks through client, whose own limits stay. nil: a client that opens a
// connection a look, because a kept one would go on speaking to the server that
// the name pointed at before.
func aVisitor(client *http.Client) visitor {
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
	return visitor{&asked}
}

func (v visitor) look(ctx context.Context, page string) (look, error) {
	if !secure(page) {
		return look{}, step.Permanent("%q is not an https URL: correct the plan's \"url\"", page)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return look{}, step.Permanent("%q cannot be asked: %v", page, err)
	}
	request.Header.Set("User-Agent", "pilotlight-verify")
	status, err := v.ask(request)
	if ctx.Err() != nil {
		return look{}, fmt.Errorf("verify %s: %w", page, ctx.Err())
	}
	if err != nil {
		return look{detail: err.Error()}, nil
	}
	return look{status/100 == 2, fmt.Sprintf("%s answered %d", page, status)}, nil
}

func secure(page string) bool {
	u, err := url.Parse(page)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

func (v visitor) ask(request *http.Request) (status int, err error) {
	response, err := v.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, drained)); err != nil {
		return 0, fmt.Errorf("read the answer of %s: %w", request.URL, err)
	}
	return response.StatusCode, nil
}
