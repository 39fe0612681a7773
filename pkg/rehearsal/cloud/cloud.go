// Package cloud puts the simulated AWS together: the clock, the simulator, the
// front before it, the host of the functions, the schedules and the internet.
// It starts them in the right order, keeps time-driven things going, and ends
// every one of them whatever happens.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/internet"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/mapping"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/schedule"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/simulator"
)

// Account owns everything in the simulated AWS that Options.Accounts do not.
const Account = "123456789012"

// TimeScale is how many data seconds pass in a real one.
const TimeScale = 60

// beat is how often, in real time, due things are looked for. It delays them by
// at most this much: 1.2 data seconds.
const beat = 20 * time.Millisecond

// callTimeout bounds a call of the rehearsal's own, in real time.
const callTimeout = 30 * time.Second

// Options of a cloud. Root and Log are required.
type Options struct {
	Root string // the repository, for the functions' sources and the virtual environment
	Log  *slog.Logger
	// Accounts are the regions' owners, where they are not Account. A rehearsal has
	// one account a region: enough for a plan of two.
	Accounts map[string]string
	// AfterDone is called after a function answered DONE, with a way to invoke it
	// again; nil: never. Tests show with it that steps are idempotent.
	AfterDone func(function string, payload []byte, again func() front.Result)
}

// ErrClosed is the cause of an end that was wanted.
var ErrClosed = errors.New("the simulated AWS was closed")

// Cloud is a running simulated AWS.
type Cloud struct {
	Clock     *clock.Clock
	Durations front.Durations // what AWS's background work is made to take
	Front     *front.Front
	Host      *lambdahost.Host
	Internet  *internet.Internet

	// Gone ends with all of this. Its cause is ErrClosed unless something else
	// ended it before: the death of the simulator, or Start's context.
	Gone context.Context

	http      *awshttp.BuildableClient // for everyone who calls AWS from here
	accounts  map[string]string        // by region
	root      string
	built     built
	dir       string
	log       *slog.Logger
	simulator *simulator.Simulator
	bus       *bus
	mappings  *mapping.Table
	sending   atomic.Int64 // messages on their way
	metrics   chan embedded
	gone      context.CancelCauseFunc

	mu        sync.Mutex
	schedules *schedule.Table
	loop      context.Context // of what runs by itself, until stop
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// Start brings everything up, or nothing.
func Start(ctx context.Context, o Options) (*Cloud, error) {
	c := &Cloud{
		root: o.Root, accounts: o.Accounts, log: o.Log, metrics: make(chan embedded, backlog),
		Durations: front.Defaults(), http: awshttp.NewBuildableClient().WithTimeout(callTimeout),
	}
	c.Gone, c.gone = context.WithCancelCause(ctx)
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("start the simulated AWS: %w", err), c.Close())
	}
	return c, nil
}

func (c *Cloud) start(ctx context.Context, o Options) (err error) {
	if c.dir, err = os.MkdirTemp("", "pilotlight-"); err != nil {
		return err
	}
	clockFile := filepath.Join(c.dir, "clock")
	if c.Clock, err = clock.New(clockFile, TimeScale); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.simulator, err = simulator.Start(ctx, simulator.Options{
		Python:    simulator.Python(o.Root),
		ClockFile: clockFile,
		FrontPort: listener.Addr().(*net.TCPAddr).Port,
		Log:       lines{o.Log},
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	upstream, err := url.Parse(c.simulator.URL())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	c.Front = front.New(front.Options{Listener: listener, Upstream: upstream, Clock: c.Clock, Durations: c.Durations, Log: o.Log})
	// Lambda too delivers at least once: every third asynchronous event is doubled.
	c.Host = lambdahost.New(lambdahost.Options{Clock: c.Clock, Log: o.Log, Doubles: 3, Retries: 2, Embedded: c.note, Report: c.report, AfterDone: o.AfterDone})
	c.bus = &bus{host: c.Host, events: map[string]int{}}
	c.Front.SetFunctions(c.bus)
	c.mappings = c.newMappings()
	c.Front.SetQueues(c.mappings.Sent)
	endpoint, err := url.Parse(c.Front.URL())
	if err != nil {
		return err
	}
	if c.Internet, err = internet.Start(internet.Options{Clock: c.Clock, Route53: upstream, CloudWatch: endpoint, Log: o.Log}); err != nil {
		return err
	}
	c.loop, c.stop = context.WithCancel(ctx)
	c.running.Go(func() { c.keepTime(c.loop) })
	c.running.Go(func() { c.watch(c.loop) })
	c.running.Go(func() { c.keepMetrics(c.loop) })
	return nil
}

// keepTime does what is due: it announces what has become ready, fires schedules
// and begins batches of messages.
func (c *Cloud) keepTime(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := c.Front.Settle(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("events were not announced", "err", err)
		}
		if table := c.table(); table != nil {
			table.Run(c.Clock.Now())
		}
		c.mappings.Run(ctx, c.Clock.Now(), c.running.Go)
	}
}

func (c *Cloud) watch(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-c.simulator.Done():
		c.gone(c.simulator.Err())
	}
}

// Schedule fires schedules from now on.
func (c *Cloud) Schedule(schedules []schedule.Schedule) {
	table := schedule.New(c.Clock, func(target string, input []byte) {
		c.fire(context.WithoutCancel(c.Gone), target, input)
	}, schedules)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.schedules = table
}

func (c *Cloud) table() *schedule.Table {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.schedules
}

// Settled says whether nothing is under way but waiting for time to pass.
func (c *Cloud) Settled() bool {
	if c.Host.InFlight() > 0 || c.sending.Load() > 0 || c.mappings.Busy() {
		return false
	}
	next := c.nextDue()
	return next.IsZero() || next.After(c.Clock.Now())
}

// Skip jumps to the next moment at which something is due.
func (c *Cloud) Skip() error {
	next := c.nextDue()
	if next.IsZero() {
		return nil
	}
	return c.Clock.Jump(next.Sub(c.Clock.Now()))
}

// nextDue is when something happens without anyone's doing; zero: never.
func (c *Cloud) nextDue() time.Time {
	dues := []time.Time{c.mappings.NextDue()}
	if due, ok := c.Front.NextDue(); ok {
		dues = append(dues, due)
	}
	if table := c.table(); table != nil {
		dues = append(dues, table.NextDue())
	}
	var next time.Time
	for _, due := range dues {
		if !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	return next
}

// Environment is what the functions get beside what Lambda itself sets: where
// AWS and the internet are. Nothing in it says that this is a rehearsal.
func (c *Cloud) Environment() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + c.Front.URL(),
		"AWS_ENDPOINT_URL_S3=" + c.address(),
		"HTTPS_PROXY=" + c.Internet.ProxyURL(),
		"SSL_CERT_FILE=" + c.Internet.CAFile(),
	}
}

// Doubled is how many events of the bus a function has got twice.
func (c *Cloud) Doubled(function string) int { return c.bus.doubled(function) }

// Repeated is how many messages of queues came once more, though a function had
// dealt with them.
func (c *Cloud) Repeated() int { return c.mappings.Doubled() }

// Close ends everything that was started, in reverse. A simulator that had died
// is for Gone to say, and no error of Close.
func (c *Cloud) Close() error {
	var errs []error
	end := func(close func() error) { errs = append(errs, close()) }
	if c.stop != nil {
		c.stop()
	}
	c.running.Wait()
	if c.Internet != nil {
		end(c.Internet.Close)
	}
	if c.Host != nil {
		end(c.Host.Close)
	}
	if c.Front != nil {
		end(c.Front.Close)
	}
	if c.simulator != nil {
		if err := c.simulator.Close(); err != nil {
			c.gone(err)
		}
	}
	if c.Clock != nil {
		end(c.Clock.Close)
	}
	if c.dir != "" {
		end(func() error { return os.RemoveAll(c.dir) })
	}
	c.gone(ErrClosed)
	return errors.Join(errs...)
}

// lines passes what the simulator complains of on to the log.
type lines struct{ log *slog.Logger }

func (l lines) Write(p []byte) (int, error) {
	l.log.Warn("simulator", "said", string(p))
	return len(p), nil
}
