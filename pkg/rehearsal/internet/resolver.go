package internet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Resolver finds addresses and remembers them for their TTL, in data time, as the
// resolver of a user's provider does: a failover is seen no sooner. Answers that
// there is no such name are not remembered.
type Resolver struct {
	server string
	now    func() time.Time
	client dns.Client

	mu    sync.Mutex
	known map[string]remembered
}

// longestLookup is how long a resolver waits for the name server, which asks the simulator
// and shares a machine with all that a rehearsal runs. It is real time.
const longestLookup = 10 * time.Second

type remembered struct {
	address string
	until   time.Time
}

func newResolver(server string, now func() time.Time) *Resolver {
	return &Resolver{server: server, now: now, client: dns.Client{Timeout: longestLookup}, known: map[string]remembered{}}
}

// Lookup is the first IPv4 address of a host.
func (r *Resolver) Lookup(ctx context.Context, host string) (string, error) {
	now := r.now()
	r.mu.Lock()
	known, ok := r.known[host]
	r.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.address, nil
	}
	query := new(dns.Msg).SetQuestion(dns.Fqdn(host), dns.TypeA)
	reply, _, err := r.client.ExchangeContext(ctx, query, r.server)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", host, err)
	}
	if reply.Rcode != dns.RcodeSuccess {
		return "", fmt.Errorf("resolve %s: %s", host, dns.RcodeToString[reply.Rcode])
	}
	ttl := uint32(1<<31 - 1)
	for _, rr := range reply.Answer {
		ttl = min(ttl, rr.Header().Ttl)
		if a, ok := rr.(*dns.A); ok {
			found := remembered{address: a.A.String(), until: now.Add(time.Duration(ttl) * time.Second)}
			r.mu.Lock()
			r.known[host] = found
			r.mu.Unlock()
			return found.address, nil
		}
	}
	return "", fmt.Errorf("resolve %s: no address", host)
}
