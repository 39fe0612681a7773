// Package lambdahost runs the product's real function binaries, as Lambda does:
// each in a process of its own, over the Lambda Runtime API.
//
// It guarantees that a process serves one invocation at a time and is reused
// while it is well; that a function sees nothing of this machine's environment
// but where programs and temporary files are; that timeouts, exits and errors
// are answered with the names that Lambda gives them; that asynchronous events
// are retried and may be delivered twice; and that no process outlives the host,
// however the host ends. It does not enforce memory or IAM, does not refuse calls
// above a function's concurrency (they wait), and keeps one version a function,
// which answers to every version it is called by.
package lambdahost

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// Options of a host. Clock and Log are required.
type Options struct {
	Clock *clock.Clock
	Log   *slog.Logger

	// Doubles makes every n-th asynchronous event be delivered twice, because
	// Lambda delivers at least once; zero: none is.
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
	Doubles int

	// Retries is how often an asynchronous event is tried again after an error, a
	// minute of data time later and then two; zero: not at all. AWS's own is 2.
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
	Retries int

	// Report sends the record of an asynchronous event that failed for good to where the
	// function says; nil: nobody does. It must not wait.
	Report func(of Function, record []byte)

	// Observe is told of every invocation when it is over; nil: nobody is. It must
	// not wait for another invocation.
	Observe func(Invocation)

	// Embedded is told of the metrics that functions deployed in a region write into
	// their output; nil: nobody is. It must not wait.
	Embedded func(region string, metrics []Metric)

	// AfterDone is called when a synchronous invocation has answered with the
	// status DONE, before the caller gets that answer; nil: not called. again
	// repeats the invocation without calling AfterDone, until AfterDone returns.
	AfterDone func(function string, payload []byte, again func() front.Result)
}

// Invocation is one invocation that is over.
type Invocation struct {
	Function       string    // as deployed
	RequestID      string    // the same for all deliveries of an asynchronous event
	Started        time.Time // data time, when its turn came
	Ended          time.Time // data time
	Asynchronous   bool
	Attempt        int      // counts from 1; more: a retry
	Error          string   // "type: message" of one that failed, else empty
	Wrote          []string // last lines of the process, of one that failed
	Cold           bool     // started a process
	InitMillis     float64  // real time, of a cold one
	DurationMillis float64  // real time, without the init
}

// ErrClosed is returned by what needs a host that is still open.
var ErrClosed = errors.New("the host is closed")

// Host is safe for concurrent use.
type Host struct {
	options Options
	ctx     context.Context // ends with the host
	end     context.CancelFunc
	starts  chan launch

	mu          sync.Mutex
	closed      bool
	functions   []*deployment
	inFlight    int
	events      int // asynchronous, so far
	invocations []Invocation
	dropped     []Dropped
	work        sync.WaitGroup
}

// launch is a command to be started, and where to say how that went.
type launch struct {
	cmd *exec.Cmd
	err chan error
}

// New opens a host without functions.
func New(o Options) *Host {
	ctx, end := context.WithCancel(context.Background())
	h := &Host{options: o, ctx: ctx, end: end, starts: make(chan launch)}
	go h.launch()
	return h
}

// launch starts all processes from one thread that lives as long as the host:
// Linux ends a child when the thread that made it ends, not the process
// (https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html).
func (h *Host) launch() {
	runtime.LockOSThread()
	for l := range h.starts {
		l.err <- l.cmd.Start()
	}
}

// embed is Options.Embedded for one region.
func (h *Host) embed(region string) func([]Metric) {
	return func(metrics []Metric) {
		if h.options.Embedded != nil {
			h.options.Embedded(region, metrics)
		}
	}
}

func (h *Host) start(cmd *exec.Cmd) error {
	l := launch{cmd: cmd, err: make(chan error, 1)}
	h.starts <- l
	return <-l.err
}

// Deploy makes fn callable. A name can be deployed once.
func (h *Host) Deploy(fn Function) error {
	// A process runs in its binary's folder, from where a relative path would be
	// another.
	binary, err := filepath.Abs(fn.Binary)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", fn.Deployed, err)
	}
	if _, err := exec.LookPath(binary); err != nil {
		return fmt.Errorf("deploy %s: %w", fn.Deployed, err)
	}
	fn.Binary = binary
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("deploy %s: %w", fn.Deployed, ErrClosed)
	}
	for _, d := range h.functions {
		if d.fn.Deployed == fn.Deployed {
			return fmt.Errorf("deploy %s: it is deployed already", fn.Deployed)
		}
	}
	h.functions = append(h.functions, newDeployment(fn.withDefaults()))
	return nil
}

// find is the function that reference names, and the ARN it is invoked under.
func (h *Host) find(reference string) (*deployment, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.functions {
		if arn, ok := d.fn.matches(reference); ok {
			return d, arn
		}
	}
	return nil, ""
}

// Kill ends every process of the function, given as for Invoke, and says how many
// there were. What they were doing is answered with Runtime.ExitError; the next
// invocation starts a new one.
func (h *Host) Kill(function string) int {
	d, _ := h.find(function)
	if d == nil {
		return 0
	}
	return d.kill()
}

// InFlight is how many invocations are not over: synchronous ones, and
// asynchronous events that are queued, running or waiting to be retried. Those of
// functions that only watch are left out.
func (h *Host) InFlight() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inFlight
}

// Invocations are those that are over, in the order of their ends.
func (h *Host) Invocations() []Invocation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.invocations)
}

// Dropped are the asynchronous events that no attempt could deliver.
func (h *Host) Dropped() []Dropped {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.dropped)
}

// Close ends every process that the host started and returns when all are gone.
// Invocations that were running or queued are answered with an error.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	functions := h.functions
	h.mu.Unlock()

	h.end()
	for _, d := range functions {
		d.close()
	}
	h.work.Wait()
	close(h.starts)
	return nil
}

// begin counts one more in flight; false: the host is closed.
func (h *Host) begin(d *deployment) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	if !d.fn.Watches {
		h.inFlight++
	}
	h.work.Add(1)
	return true
}

func (h *Host) over(d *deployment) {
	h.mu.Lock()
	if !d.fn.Watches {
		h.inFlight--
	}
	h.mu.Unlock()
	h.work.Done()
}

func (h *Host) record(i Invocation) {
	h.mu.Lock()
	h.invocations = append(h.invocations, i)
	h.mu.Unlock()
	if h.options.Observe != nil {
		h.options.Observe(i)
	}
}

// identity is n random bytes as hexadecimal digits.
func identity(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand
	return hex.EncodeToString(b)
}
