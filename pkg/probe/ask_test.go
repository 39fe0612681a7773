package probe

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/pilotlight/pilotlight/internal/certified"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// once is one try.
func once(t *testing.T, resolver *net.Resolver, spec plan.Probe) Try {
	t.Helper()
	out, err := on(&told{}, nil, resolver, (&hands{at: time.Now()}).clock()).Handle(t.Context(), sent(t, spec))
	if err != nil || len(out.Tries) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	return out.Tries[0]
}

func TestVisit_reachesOnlyThePageThatThePlanSays(t *testing.T) {
	a := certified.Trusted(t)
	answering := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/sorry")
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	hangs := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		change  func(*x509.Certificate)
		spec    plan.Probe
		reached bool
		saw     string
	}{
		"as the plan says":    {answering(200, `{"ok":true}`), nil, plan.Probe{Status: 200, Body: `"ok":true`}, true, "answered 200"},
		"any body":            {answering(200, ""), nil, plan.Probe{Status: 200}, true, "answered 200"},
		"the status it wants": {answering(401, ""), nil, plan.Probe{Status: 401}, true, "answered 401"},
		"503":                 {answering(503, `{"ok":true}`), nil, plan.Probe{Status: 200, Body: `"ok":true`}, false, "answered 503, not 200"},
		"another good status": {answering(204, ""), nil, plan.Probe{Status: 200}, false, "answered 204, not 200"},
		"a redirect":          {answering(302, ""), nil, plan.Probe{Status: 200}, false, "answered 302, not 200"},
		"the wrong body":      {answering(200, `{"ok":false}`), nil, plan.Probe{Status: 200, Body: `"ok":true`}, false, `without "\"ok\":true" in its body`},
		"hangs":               {hangs, nil, plan.Probe{Status: 200, Timeout: plan.Duration(50 * time.Millisecond)}, false, "no answer within 50ms"},
		"expired": {answering(200, ""), func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
			plan.Probe{Status: 200}, false, "expired"},
		"another name": {answering(200, ""), func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} },
			plan.Probe{Status: 200}, false, "127.0.0.1"},
	} {
		c.spec.URL = a.Serve(c.handler, c.change).URL
		if got := once(t, net.DefaultResolver, c.spec); got.Reached != c.reached || !strings.Contains(got.Saw, c.saw) {
			t.Errorf("%s: %+v; want reached %t and %q", name, got, c.reached, c.saw)
		}
	}
	if got := once(t, net.DefaultResolver, plan.Probe{URL: "https://" + refusing(t), Status: 200}); got.Reached || !strings.Contains(got.Saw, "refused") {
		t.Errorf("refuses: %+v", got)
	}
}

func TestVisit_isMadeAnewEachTry(t *testing.T) {
	visits := 0
	server := certified.Trusted(t).Serve(func(w http.ResponseWriter, _ *http.Request) {
		if visits++; visits < 3 {
			w.WriteHeader(503)
		}
	}, nil)
	m := &told{}
	out, err := on(m, nil, net.DefaultResolver, (&hands{at: time.Now()}).clock()).Handle(t.Context(), sent(t, plan.Probe{URL: server.URL, Status: 200, Tries: 3}))
	if err != nil || visits != 3 || out.Reached != 1 || !m.tries[0][2].Reached {
		t.Errorf("%+v, %v after %d visits; want the third to reach it", out, err, visits)
	}
}

func TestVisit_saysHowManyDaysTheChainHasLeft(t *testing.T) {
	a := certified.Trusted(t)
	ends := time.Now().Add(10 * 24 * time.Hour).Truncate(time.Second)
	for name, status := range map[string]int{"reached": 200, "not reached": 503} {
		server := a.Serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }, nil, ends)
		m := &told{}
		p := on(m, nil, net.DefaultResolver, (&hands{at: ends.Add(-9 * 24 * time.Hour)}).clock())
		if _, err := p.Handle(t.Context(), sent(t, plan.Probe{URL: server.URL, Status: 200})); err != nil || m.tries[0][0].CertificateDays != 9 {
			t.Errorf("%s: %+v, %v; want 9 days", name, m.tries, err)
		}
	}
}

// names is a name server on loopback, and a resolver that asks it.
func names(t *testing.T, records ...string) *net.Resolver {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var known []dns.RR
	for _, record := range records {
		rr, err := dns.NewRR(record)
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, rr)
	}
	server := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		reply := new(dns.Msg).SetReply(query)
		name, exists := query.Question[0].Name, false
		for _, rr := range known {
			if rr.Header().Name != name {
				continue
			}
			exists = true
			if alias, ok := rr.(*dns.CNAME); ok {
				name = alias.Target
				reply.Answer = append(reply.Answer, rr)
			} else if rr.Header().Rrtype == query.Question[0].Qtype {
				reply.Answer = append(reply.Answer, rr)
			}
		}
		if !exists {
			reply.Rcode = dns.RcodeNameError
		}
		w.WriteMsg(reply)
	})}
	go server.ActivateAndServe()
	t.Cleanup(func() { server.Shutdown() })
	return asking(packets.LocalAddr().String())
}

func asking(address string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", address)
	}}
}

func TestResolve_reachesANameWithItsAnswer(t *testing.T) {
	resolver := names(t,
		"shop.example.com. 60 A 192.0.2.10", "shop.example.com. 60 A 192.0.2.11",
		"six.example.com. 60 AAAA 2001:db8::1",
		"www.example.com. 60 CNAME lb.example.net.", "lb.example.net. 60 A 198.51.100.10")
	for _, c := range []struct {
		name, answer string
		reached      bool
		saw          string
	}{
		{"shop.example.com", "", true, "192.0.2.10, 192.0.2.11"},
		{"shop.example.com", "192.0.2.11", true, "192.0.2.11"},
		{"shop.example.com", "198.51.100.10", false, "192.0.2.11, not 198.51.100.10"},
		{"six.example.com", "2001:DB8:0::1", true, "2001:db8::1"},
		{"www.example.com", "LB.example.net", true, "lb.example.net."},
		{"www.example.com", "198.51.100.10", true, "198.51.100.10"},
		{"www.example.com", "other.example.net", false, "not other.example.net"},
		{"gone.example.com", "", false, "no such host"},
	} {
		got := once(t, resolver, plan.Probe{DNS: c.name, Answer: c.answer})
		if got.Reached != c.reached || !strings.Contains(got.Saw, c.saw) {
			t.Errorf("%s, wants %q: %+v; want reached %t and %q", c.name, c.answer, got, c.reached, c.saw)
		}
	}
}

func TestResolve_failsWhenTheNameServersAreGone(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for before, spec := range map[string]plan.Probe{
		"resolve shop.example.com: ":        {DNS: "shop.example.com"},
		"connect to shop.example.com:443: ": {TCP: "shop.example.com:443"},
	} {
		spec.Timeout = plan.Duration(50 * time.Millisecond)
		got := once(t, asking(silent.LocalAddr().String()), spec)
		// The lookup's own deadline is the same moment, and either may notice first.
		late := strings.Contains(got.Saw, "no answer within 50ms") || strings.Contains(got.Saw, "timeout")
		if got.Reached || !strings.HasPrefix(got.Saw, before) || !late {
			t.Errorf("silent name servers: %+v", got)
		}
	}
}

func TestConnect_goesWhereTheResolverSays(t *testing.T) {
	_, port, err := net.SplitHostPort(listening(t))
	if err != nil {
		t.Fatal(err)
	}
	// Nobody listens at the address of the other family.
	resolver := names(t, "shop.example.com. 60 A 127.0.0.1", "shop.example.com. 60 AAAA ::1")
	if got := once(t, resolver, plan.Probe{TCP: "shop.example.com:" + port}); !got.Reached || !strings.Contains(got.Saw, "127.0.0.1:"+port) {
		t.Errorf("%+v", got)
	}
	if got := once(t, resolver, plan.Probe{TCP: "gone.example.com:" + port}); got.Reached || !strings.Contains(got.Saw, "no such host") {
		t.Errorf("%+v", got)
	}
}
