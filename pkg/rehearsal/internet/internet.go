// Package internet is what lies between users and AWS in a rehearsal: names that
// resolve as Route 53 would answer them, web servers behind public addresses, an
// HTTPS proxy through which the functions reach them, and a shopper who asks the
// application for a page every second and notes what he saw.
//
// Real parts: DNS over UDP and TCP, HTTPS with certificates of a CA made for the
// run, HTTP CONNECT. Modelled: the addresses are those reserved for documentation
// (RFC 5737), and a routing table takes a connection to a listener on loopback.
//
// It guarantees that a name is answered from the hosted zones and from the data
// streams of the alarms that health checks name, never from what the rehearsal
// expects, and that a site without power answers nothing rather than an error.
// It knows nothing of the workload: the handlers are the caller's.
package internet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/evaluation"
)

// Options are all required, except Log.
type Options struct {
	Clock *clock.Clock
	// Route53 is the simulator itself, not the front before it: Route 53's data
	// plane goes on answering when the control plane in us-east-1 does not.
	// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
	Route53 *url.URL
	// CloudWatch is the front: health checkers see a region that is gone as gone.
	CloudWatch *url.URL
	Log        *slog.Logger // nil: silent
}

// Internet is running until it is closed.
type Internet struct {
	clock     *clock.Clock
	log       *slog.Logger
	authority *authority
	routes    *routes
	route53   *route53
	checks    *checks
	names     *nameServer
	proxy     *proxy

	end     context.CancelFunc
	running sync.WaitGroup
}

// Start brings up the DNS server, the health checkers and the proxy, all on free
// loopback ports.
func Start(o Options) (*Internet, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	authority, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("start the internet: %w", err)
	}
	ctx, end := context.WithCancel(context.Background())
	i := &Internet{clock: o.Clock, log: o.Log, authority: authority, routes: newRoutes(), end: end}
	i.route53 = newRoute53(o.Route53, o.Clock)
	i.checks = newChecks(evaluation.NewReader(o.CloudWatch, role), o.Clock, o.Log)
	i.names, err = startNameServer(i.route53, i.checks, o.Log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the internet: %w", err), i.Close())
	}
	i.proxy, err = startProxy(i.Resolver(), i.routes)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the internet: %w", err), i.Close())
	}
	i.running.Go(func() { i.checks.run(ctx, i.route53) })
	return i, nil
}

// RegisterName makes AWS's own name servers know a name, such as that of a load
// balancer. Alias and CNAME records may then point at it.
func (i *Internet) RegisterName(name, address string) { i.names.register(name, address) }

// DNS is the name server's host and port, for UDP and TCP.
func (i *Internet) DNS() string { return i.names.address }

// Resolver is a new resolver with an empty cache.
func (i *Internet) Resolver() *Resolver { return newResolver(i.names.address, i.clock.Now) }

// ProxyURL is what HTTPS_PROXY has to be for the functions.
func (i *Internet) ProxyURL() string { return i.proxy.url }

// CAFile is what SSL_CERT_FILE has to be for the functions: PEM, in a directory
// that Close removes.
func (i *Internet) CAFile() string { return i.authority.file }

// Close stops everything and removes the certificates.
func (i *Internet) Close() error {
	i.end()
	var errs []error
	if i.proxy != nil {
		errs = append(errs, i.proxy.close())
	}
	if i.names != nil {
		errs = append(errs, i.names.close())
	}
	errs = append(errs, i.routes.close())
	i.running.Wait()
	errs = append(errs, i.authority.close())
	return errors.Join(errs...)
}
