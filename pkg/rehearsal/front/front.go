// Package front stands on loopback between the SDKs and moto and plays the
// parts of AWS that moto lacks: things take time, limits bite, lists come in
// pages, a region can die, functions run, completion events are sent. It also
// writes down who called what.
//
// It guarantees that nothing of a struck region is answered, that every call is
// counted, and that what neither it nor moto can do fails loudly (501). It does
// not check permissions, keeps of AWS's state only what is under way and what
// moto forgets, and knows nothing of the product.
package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

// Invoker runs functions.
type Invoker interface {
	// Invoke calls a function by name or (versioned) ARN. Asynchronous returns at once.
	Invoke(ctx context.Context, function string, payload []byte, asynchronous bool) Result
	// Timeout is how long one invocation of a function may last, given as for Invoke.
	Timeout(function string) (limit time.Duration, found bool)
}

// Result is a function's answer.
type Result struct {
	Payload       []byte
	FunctionError string // "" or "Unhandled"
	NotFound      bool   // there is no such function
}

// Options are what a front is made of. Listener, Upstream and Clock are required.
type Options struct {
	Listener       net.Listener // on loopback; the front closes it
	Upstream       *url.URL     // moto
	Clock          *clock.Clock
	Functions      Invoker      // nil until SetFunctions: there are no functions
	Durations      Durations    // the zero value means Defaults()
	CopiesInFlight int          // snapshot copies a destination region; 0: 20, AWS's default
	Log            *slog.Logger // nil: slog.Default()
}

// Front is a running front. Safe for concurrent use.
type Front struct {
	clock     *clock.Clock
	durations Durations
	copyLimit int
	log       *slog.Logger

	url      string
	server   *http.Server
	upstream *upstream
	serving  chan error
	alive    context.Context // of the calls upstream: AWS acts even when the client has gone
	die      context.CancelFunc
	closing  sync.Once

	// turn makes acting and remembering one step: who acts holds it alone, who
	// looks shares it, so that nobody sees a thing as moto has it, complete at once.
	turn sync.RWMutex

	weather weather
	faults  faults
	audit   *audit
	pending *pending
	origins origins

	recordChanges  atomic.Uint64
	lossy, noticed atomic.Int64 // see LoseEvents; events that were to be announced since

	mu        sync.Mutex
	functions Invoker
	sent      func(region, queue string) // nil until SetQueues: nobody is told
}

// New starts a front, which serves until Close.
func New(o Options) *Front {
	if o.Durations == (Durations{}) {
		o.Durations = Defaults()
	}
	if o.CopiesInFlight == 0 {
		o.CopiesInFlight = DefaultCopiesInFlight
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	_, port, _ := net.SplitHostPort(o.Listener.Addr().String())
	f := &Front{
		clock: o.Clock, durations: o.Durations, copyLimit: o.CopiesInFlight, log: o.Log,
		// "localhost": moto takes the path of CloudFormation's and S3's URLs apart by it.
		url:      "http://localhost:" + port,
		upstream: newUpstream(o.Upstream),
		serving:  make(chan error, 1),
		weather:  weather{region: map[string]condition{}},
		audit:    newAudit(), pending: newPending(),
		functions: o.Functions,
	}
	f.alive, f.die = context.WithCancel(context.Background())
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	go func() { f.serving <- f.server.Serve(o.Listener) }()
	return f
}

// URL is the endpoint for SDKs.
func (f *Front) URL() string { return f.url }

// SetFunctions says who runs functions from now on.
func (f *Front) SetFunctions(i Invoker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.functions = i
}

// Strike makes every endpoint of a region hang, for requests under way too: they
// are accepted and never answered. What was being copied out of it stops. Global
// services (route53, iam) are signed for us-east-1 and hang with it.
func (f *Front) Strike(region string) {
	f.weather.set(region, struck)
	f.pending.stall(region, f.clock.Now())
}

// Refuse makes every endpoint of a region answer 503 at once.
func (f *Front) Refuse(region string) { f.weather.set(region, refusing) }

// Heal ends a Strike or a Refuse. Copies out of the region go on where they stopped.
func (f *Front) Heal(region string) {
	f.weather.set(region, calm)
	f.pending.resume(region, f.clock.Now())
}

// Struck says whether a region hangs.
func (f *Front) Struck(region string) bool { return f.weather.isStruck(region) }

// Inject adds a fault.
func (f *Front) Inject(fault Fault) { f.faults.inject(fault) }

// Forgive ends the faults that were injected for a role, and answers those that no
// call has met: a test that counts on them has shown nothing.
func (f *Front) Forgive(role string) (idle []Fault) { return f.faults.forgive(role) }

// Calls is the audit so far, sorted by role, service, action and region. A call
// counts when its answer is decided; one that hangs counts at once.
func (f *Front) Calls() []Call { return f.audit.list() }

// Mutations counts the successful mutating calls of a region; "" means all.
func (f *Front) Mutations(region string) uint64 { return f.audit.count(f.audit.mutations, region) }

// Changes counts what may have changed a region's looks: the mutations, and the
// things that Settle saw become ready. "" means all.
func (f *Front) Changes(region string) uint64 { return f.audit.count(f.audit.changes, region) }

// NextDue is the earliest data time at which something pending becomes ready;
// false when nothing is pending. What a struck region holds up is left out. A
// time that has passed is due at the next Settle.
func (f *Front) NextDue() (time.Time, bool) { return f.pending.next(f.weather.isStruck) }

// ReadyAt is when a snapshot, image, instance, volume, database or record change
// becomes, or became, ready; false for what was not made through the front or was
// deleted, and for a copy whose source region is struck.
func (f *Front) ReadyAt(id string) (time.Time, bool) { return f.pending.readyAt(id) }

// SourceOf says what a copied snapshot or image was copied from.
func (f *Front) SourceOf(copyID string) (sourceID, sourceRegion string, ok bool) {
	return f.pending.source(copyID)
}

// Close stops serving and lets go of every connection, hanging ones too.
func (f *Front) Close() error {
	var err error
	f.closing.Do(func() {
		f.die()
		err = f.server.Close()
		if served := <-f.serving; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("serve: %w", served))
		}
		f.upstream.close()
	})
	return err
}
