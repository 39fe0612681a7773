package internet

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// probeTimeout is in real time, because what it waits for is real: at a scale of
// 60 a page may take a data minute. A miss counts from when it began.
const probeTimeout = time.Second

// Shopper asks for one page every data second, on a new connection each time, so
// that every visit goes where the name points now (within the record's TTL). His
// visits are the outside view that the RTO is measured from.
type Shopper struct {
	url      *url.URL
	internet *Internet
	resolver *Resolver
	tls      *tls.Config

	end     context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	visits []*visit
}

type visit struct {
	Visit
	over bool
}

// Shop sends a shopper to an https URL until he is stopped.
func (i *Internet) Shop(page string) (*Shopper, error) {
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("shop at %q: not an https URL", page)
	}
	ctx, end := context.WithCancel(context.Background())
	s := &Shopper{
		url: u, internet: i, resolver: i.Resolver(), end: end,
		tls: &tls.Config{RootCAs: i.authority.pool, ClientSessionCache: tls.NewLRUClientSessionCache(8)},
	}
	s.running.Go(func() { s.run(ctx) })
	return s, nil
}

// run starts a visit every data second. Twice as many visits may be under way as
// a timeout has data seconds; a visit beyond that is not made and not counted.
func (s *Shopper) run(ctx context.Context) {
	clock := s.internet.clock
	tick := time.NewTicker(max(clock.Real(time.Second), time.Millisecond))
	defer tick.Stop()
	perTimeout := int(clock.Scale() * probeTimeout.Seconds())
	slots := make(chan struct{}, 2*max(1, perTimeout))
	for {
		select {
		case slots <- struct{}{}:
			v := &visit{Visit: Visit{At: clock.Now()}}
			s.mu.Lock()
			s.visits = append(s.visits, v)
			s.mu.Unlock()
			s.running.Go(func() {
				s.make(v)
				<-slots
			})
		default:
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Shopper) make(v *visit) {
	// Not bound to run's context: who stops the shopper gets whole visits.
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	address, err := s.resolver.Lookup(ctx, s.url.Hostname())
	status := 0
	if err == nil {
		status, err = s.ask(ctx, address)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v.Address, v.Status, v.Err = address, status, err
	v.OK = err == nil && status/100 == 2
	v.over = true
}

func (s *Shopper) ask(ctx context.Context, address string) (int, error) {
	port := s.url.Port()
	if port == "" {
		port = httpsPort
	}
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   s.tls,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return s.internet.routes.dial(ctx, net.JoinHostPort(address, port))
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("read the page: %w", err)
	}
	return response.StatusCode, nil
}

// Visits are all that began before the oldest one still under way.
func (s *Shopper) Visits() Visits {
	s.mu.Lock()
	defer s.mu.Unlock()
	visits := make(Visits, 0, len(s.visits))
	for _, v := range s.visits {
		if !v.over {
			break
		}
		visits = append(visits, v.Visit)
	}
	return visits
}

// Stop sends the shopper home. It waits for his last visits, at most a second.
func (s *Shopper) Stop() {
	s.end()
	s.running.Wait()
}
