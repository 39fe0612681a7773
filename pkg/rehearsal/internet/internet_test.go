package internet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"
	"golang.org/x/net/http/httpproxy"
)

const elb = "shop-1.us-east-1.elb.amazonaws.com"

func page(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func TestInternet_answersFromTheSimulatorsZones(t *testing.T) {
	moto := startMoto(t)
	primary := failover(types.ResourceRecordSetFailoverPrimary, "192.0.2.1")
	alias := types.ResourceRecordSet{
		Name: aws.String("alias.example.com."), Type: types.RRTypeA,
		AliasTarget: &types.AliasTarget{DNSName: aws.String(elb), HostedZoneId: aws.String("Z35SXDOTRQ7X7K")},
	}
	cname := record("www.example.com.", "alias.example.com")
	cname.Type = types.RRTypeCname
	host(t, moto, record("a.example.com.", "192.0.2.7"), alias, cname, primary,
		failover(types.ResourceRecordSetFailoverSecondary, "198.51.100.1"),
		weighted("one", "192.0.2.11", 1), weighted("none", "192.0.2.12", 0))
	i := startInternet(t, moto)
	i.RegisterName(elb, "192.0.2.9")

	for _, network := range []string{"udp", "tcp"} {
		client := dns.Client{Net: network}
		for name, want := range map[string]string{
			"a.example.com.":     "192.0.2.7",
			"alias.example.com.": "192.0.2.9",
			"www.example.com.":   "192.0.2.9",
			"f.example.com.":     "192.0.2.1", // a new health check is healthy
			"w.example.com.":     "192.0.2.11",
		} {
			reply, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), i.DNS())
			if err != nil || len(reply.Answer) == 0 {
				t.Errorf("%s over %s: %v, %v", name, network, reply, err)
				continue
			}
			last, ok := reply.Answer[len(reply.Answer)-1].(*dns.A)
			if !ok || last.A.String() != want {
				t.Errorf("%s over %s: %v, want %s", name, network, reply.Answer, want)
			}
		}
		reply, _, err := client.Exchange(new(dns.Msg).SetQuestion("no.example.com.", dns.TypeA), i.DNS())
		if err != nil || reply.Rcode != dns.RcodeNameError {
			t.Errorf("a name that is not there, over %s: %v, %v", network, reply, err)
		}
	}

	down := status{}.follow("ALARM")
	i.checks.mu.Lock()
	i.checks.statuses["PRIMARY"], i.checks.configs["PRIMARY"] = down, types.HealthCheckConfig{}
	i.checks.mu.Unlock()
	if got, err := i.Resolver().Lookup(t.Context(), "f.example.com"); err != nil || got != "198.51.100.1" {
		t.Errorf("after the primary's health check failed: %s, %v", got, err)
	}
}

func TestResolver_remembersForTheTTL(t *testing.T) {
	moto := startMoto(t)
	host(t, moto, record("a.example.com.", "192.0.2.7"))
	i := startInternet(t, moto)
	now := noon
	r := newResolver(i.DNS(), func() time.Time { return now })
	if got, err := r.Lookup(t.Context(), "a.example.com"); err != nil || got != "192.0.2.7" {
		t.Fatalf("%s, %v", got, err)
	}
	r.server = "127.0.0.1:1" // nobody there: an answer can only come from memory
	now = noon.Add(29 * time.Second)
	if got, err := r.Lookup(t.Context(), "a.example.com"); err != nil || got != "192.0.2.7" {
		t.Errorf("within the TTL: %s, %v", got, err)
	}
	now = noon.Add(30 * time.Second)
	if got, err := r.Lookup(t.Context(), "a.example.com"); err == nil {
		t.Errorf("after the TTL: %s", got)
	}
}

// through is a client as the functions have it: proxy and CA from the environment.
func through(t *testing.T, i *Internet) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(i.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("the CA's file holds no certificate")
	}
	choose := (&httpproxy.Config{HTTPSProxy: i.ProxyURL()}).ProxyFunc()
	transport := &http.Transport{
		Proxy:             func(r *http.Request) (*url.URL, error) { return choose(r.URL) },
		TLSClientConfig:   &tls.Config{RootCAs: pool},
		DisableKeepAlives: true,
	}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func TestProxy_leadsFunctionsToTheSites(t *testing.T) {
	moto := startMoto(t)
	host(t, moto, record("a.example.com.", "192.0.2.7"))
	i := startInternet(t, moto)
	if _, err := i.Serve("192.0.2.7", page("hello")); err != nil {
		t.Fatal(err)
	}
	client := through(t, i)
	response, err := client.Get("https://a.example.com/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "hello" {
		t.Errorf("answer %q, %v", body, err)
	}
	if _, err := client.Get("https://no.example.com/"); err == nil || err.Error() != `Get "https://no.example.com/": Bad Gateway` {
		t.Errorf("a name that is not there: %v", err)
	}
	// AWS_ENDPOINT_URL is on localhost, which the environment's proxy never serves.
	for _, endpoint := range []string{"http://localhost:5000", "http://127.0.0.1:5000"} {
		request, err := http.NewRequest(http.MethodPost, endpoint, nil)
		if err != nil {
			t.Fatal(err)
		}
		if to, err := client.Transport.(*http.Transport).Proxy(request); to != nil || err != nil {
			t.Errorf("%s goes through %v, %v", endpoint, to, err)
		}
	}
}

func TestKill_leavesClientsHanging(t *testing.T) {
	moto := startMoto(t)
	host(t, moto, record("a.example.com.", "192.0.2.7"))
	i := startInternet(t, moto)
	asked, answer := make(chan struct{}), make(chan struct{})
	site, err := i.Serve("192.0.2.7", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-answer
	}))
	if err != nil {
		t.Fatal(err)
	}
	client := through(t, i)
	ctx, giveUp := context.WithCancel(t.Context())
	open := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://a.example.com/", nil)
		if err == nil {
			_, err = client.Do(request)
		}
		open <- err
	}()
	<-asked
	site.Kill()
	close(answer) // the answer is written, and lost

	client.Timeout = 300 * time.Millisecond
	_, err = client.Get("https://a.example.com/")
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a new connection: %v, want a timeout", err)
	}
	select {
	case err := <-open:
		t.Errorf("the open connection: %v, want silence", err)
	default:
	}
	giveUp()
	if err := <-open; !errors.Is(err, context.Canceled) {
		t.Errorf("the open connection, given up: %v", err)
	}
}

func TestShopper_seesAnOutageFromOutside(t *testing.T) {
	moto := startMoto(t)
	short := func(r types.ResourceRecordSet) types.ResourceRecordSet {
		r.TTL = aws.Int64(1)
		return r
	}
	host(t, moto, short(failover(types.ResourceRecordSetFailoverPrimary, "192.0.2.1")),
		short(failover(types.ResourceRecordSetFailoverSecondary, "198.51.100.1")))
	i := startInternet(t, moto)
	for _, address := range []string{"192.0.2.1", "198.51.100.1"} {
		if _, err := i.Serve(address, page(address)); err != nil {
			t.Fatal(err)
		}
	}
	shopper, err := i.Shop("https://f.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	until := func(what string, seen func(Visits) bool) {
		t.Helper()
		for !seen(shopper.Visits()) {
			if i.clock.Wait(ctx, time.Second) != nil {
				t.Fatalf("not seen: %s", what)
			}
		}
	}
	until("pages", func(v Visits) bool { return len(v) > 5 && v[len(v)-1].OK })
	struck := i.clock.Now()
	i.routes.servers["192.0.2.1:443"].Kill()
	until("an outage", func(v Visits) bool { from, _, _ := v.Outage(); return !from.IsZero() })
	turned := i.clock.Now()
	i.checks.mu.Lock()
	i.checks.statuses["PRIMARY"], i.checks.configs["PRIMARY"] = status{}.follow("ALARM"), types.HealthCheckConfig{}
	i.checks.mu.Unlock()
	until("the end of it", func(v Visits) bool { _, _, ok := v.Outage(); return ok })
	shopper.Stop()

	visits := shopper.Visits()
	from, to, ok := visits.Outage()
	// A page asked for a timeout, which is a data minute, before the strike may be
	// lost in it; one asked for before the turn may still be answered after it.
	if !ok || from.Before(struck.Add(-time.Minute)) || to.Before(turned.Add(-time.Minute)) {
		t.Errorf("struck at %s, turned at %s, out from %s to %s, %v", struck, turned, from, to, ok)
	}
	for _, v := range visits {
		switch {
		case v.OK && v.Address == "192.0.2.1" && v.At.After(struck):
			t.Errorf("a dead site answered: %+v", v)
		case v.At.Equal(to) && v.Address != "198.51.100.1":
			t.Errorf("the outage ended with %+v", v)
		}
	}
}
