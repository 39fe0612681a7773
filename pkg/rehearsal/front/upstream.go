package front

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// slowestAnswer bounds one call to moto, in real time. Building a stack, its
// slowest work, takes under a second (REHEARSAL.md).
const slowestAnswer = 30 * time.Second

// upstream is moto.
type upstream struct {
	base      *url.URL
	transport *http.Transport
}

func newUpstream(base *url.URL) *upstream {
	return &upstream{base: base, transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
}

// hopByHop headers concern one connection alone (RFC 9110, section 7.6.1).
var hopByHop = []string{"Connection", "Keep-Alive", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Expect", "Date"}

// AccountHeader tells moto in whose name a request is made.
// https://docs.getmoto.org/en/latest/docs/multi_account.html
const AccountHeader = "X-Moto-Account-Id"

// forward sends a request on, with another body, in the name of an account.
func (u *upstream) forward(ctx context.Context, r *http.Request, account string, body []byte) (*answer, error) {
	target := *r.URL
	target.Scheme, target.Host = u.base.Scheme, u.base.Host
	header := r.Header.Clone()
	for _, name := range hopByHop {
		header.Del(name)
	}
	header.Del("Accept-Encoding")
	header.Del("Content-Length") // body is another
	header.Del(AccountHeader)
	if account != "" {
		header.Set(AccountHeader, account)
	}
	return u.send(ctx, r.Method, target.String(), r.Host, header, body)
}

func (u *upstream) send(ctx context.Context, method, target, host string, header http.Header, body []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, slowestAnswer)
	defer cancel()
	out, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out.Header, out.Host = header, host
	response, err := u.transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	for _, name := range hopByHop {
		response.Header.Del(name)
	}
	if method != http.MethodHead { // else it is the length of what is not sent
		response.Header.Del("Content-Length")
	}
	return &answer{status: response.StatusCode, header: response.Header, body: read}, nil
}

// place is a region of an account; no account is the simulator's own.
type place struct{ account, region string }

// ask makes a query-protocol call of the front's own, seen by no audit.
func (u *upstream) ask(ctx context.Context, at place, service string, form url.Values) (*etree.Element, error) {
	header := ownHeader(at, service, "application/x-www-form-urlencoded")
	a, err := u.send(ctx, http.MethodPost, u.base.String()+"/", u.base.Host, header, []byte(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("ask the simulator for %s: %w", form.Get("Action"), err)
	}
	if !a.ok() {
		return nil, fmt.Errorf("ask the simulator for %s: %d %.200s", form.Get("Action"), a.status, a.body)
	}
	return a.xml(), nil
}

// tell makes a JSON call of the front's own, seen by no audit.
func (u *upstream) tell(ctx context.Context, at place, service, target string, body []byte) ([]byte, error) {
	header := ownHeader(at, service, "application/x-amz-json-1.1")
	header.Set("X-Amz-Target", target)
	a, err := u.send(ctx, http.MethodPost, u.base.String()+"/", u.base.Host, header, body)
	if err != nil {
		return nil, fmt.Errorf("tell the simulator %s: %w", target, err)
	}
	if !a.ok() {
		return nil, fmt.Errorf("tell the simulator %s: %d %.200s", target, a.status, a.body)
	}
	return a.body, nil
}

// ownHeader names service and region the way moto reads them: from the scope of
// a signature that it does not verify.
func ownHeader(at place, service, contentType string) http.Header {
	h := http.Header{}
	if at.account != "" {
		h.Set(AccountHeader, at.account)
	}
	h.Set("Content-Type", contentType)
	h.Set("Authorization", "AWS4-HMAC-SHA256 Credential=front/20260101/"+strings.Join([]string{at.region, service}, "/")+"/aws4_request, SignedHeaders=host, Signature=0")
	return h
}

func (u *upstream) close() { u.transport.CloseIdleConnections() }
