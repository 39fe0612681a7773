package visit

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/internal/certified"
)

// patience is long enough for whatever answers, on a machine that is busy.
const patience = time.Minute

func well(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "all is well") }

func TestAsk_givesWhatThePageAnswers(t *testing.T) {
	var agent string
	server := certified.Trusted(t).Serve(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.WriteHeader(http.StatusTeapot)
		well(w, r)
	}, nil)
	got, err := New("somebody", nil).Ask(t.Context(), server.URL, patience)
	if err != nil || got.Status != http.StatusTeapot || string(got.Body) != "all is well" || agent != "somebody" {
		t.Errorf("%+v, %v, asked by %q", got, err, agent)
	}
}

func TestAsk_readsNoMoreOfABodyThanItSays(t *testing.T) {
	server := certified.Trusted(t).Serve(func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("x"), 2*Most)) }, nil)
	got, err := New("a", nil).Ask(t.Context(), server.URL, patience)
	if err != nil || len(got.Body) != Most {
		t.Errorf("read %d bytes, %v; want %d", len(got.Body), err, Most)
	}
}

func TestAsk_opensAConnectionAVisit(t *testing.T) {
	server := certified.Trusted(t).Serve(well, nil)
	var opened atomic.Int32
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	v := New("a", nil)
	for range 3 {
		if _, err := v.Ask(t.Context(), server.URL, patience); err != nil {
			t.Fatal(err)
		}
	}
	if opened.Load() != 3 {
		t.Errorf("3 visits over %d connections", opened.Load())
	}
}

func TestAsk_followsNoRedirect(t *testing.T) {
	a := certified.Trusted(t)
	sorry := a.Serve(func(http.ResponseWriter, *http.Request) { t.Error("the sorry page was asked for") }, nil)
	server := a.Serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, sorry.URL, http.StatusFound) }, nil)
	if got, err := New("a", nil).Ask(t.Context(), server.URL, patience); err != nil || got.Status != http.StatusFound {
		t.Errorf("%+v, %v; want the redirect itself", got, err)
	}
}

func TestAsk_trustsNoCertificateThatAVisitorWouldNot(t *testing.T) {
	a := certified.Trusted(t)
	for name, server := range map[string]*struct {
		by     *certified.Authority
		change func(*x509.Certificate)
		want   string
	}{
		"expired":       {a, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }, "expired"},
		"not yet valid": {a, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, "not yet valid"},
		"another name":  {a, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"shop.example.com"} }, "127.0.0.1"},
		"of nobody":     {certified.New(t), nil, "unknown authority"},
	} {
		_, err := New("a", nil).Ask(t.Context(), server.by.Serve(well, server.change).URL, patience)
		if err == nil || !strings.Contains(err.Error(), server.want) {
			t.Errorf("%s: %v; want an error that says %q", name, err, server.want)
		}
	}
}

func TestAsk_saysHowLongTheChainIsValid(t *testing.T) {
	a := certified.Trusted(t)
	week := time.Now().AddDate(0, 0, 7).Truncate(time.Second)
	for name, c := range map[string]struct {
		chain []time.Time
		want  time.Time
	}{
		"its own certificate is the shortest": {[]time.Time{certified.Years(2)}, certified.Years(1)},
		"the one above is shorter":            {[]time.Time{week}, week},
	} {
		got, err := New("a", nil).Ask(t.Context(), a.Serve(well, nil, c.chain...).URL, patience)
		if err != nil || got.Valid.Sub(c.want).Abs() > time.Minute {
			t.Errorf("%s: %s, %v; want %s", name, got.Valid, err, c.want)
		}
	}
}

func TestAsk_waitsNoLongerThanItsPatience(t *testing.T) {
	a := certified.Trusted(t)
	for name, handler := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half of one": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "all is ")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		_, err := New("a", nil).Ask(t.Context(), a.Serve(handler, nil).URL, 100*time.Millisecond)
		if err == nil || !strings.Contains(err.Error(), "no answer within 100ms") {
			t.Errorf("%s: %v; want an error that says how long was waited", name, err)
		}
	}
}

func TestAsk_endsWithItsCaller(t *testing.T) {
	server := certified.Trusted(t).Serve(well, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New("a", nil).Ask(ctx, server.URL, patience); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want the caller's end", err)
	}
}

func TestAsk_refusesWhatIsNotHTTPS(t *testing.T) {
	for _, page := range []string{"", "http://shop.example.com", "shop.example.com", "https://%zz", "https:///x"} {
		if _, err := New("a", nil).Ask(t.Context(), page, patience); !errors.Is(err, ErrNotSecure) {
			t.Errorf("%q: %v", page, err)
		}
	}
}
