// Package mapping is Lambda's event source mapping for SQS in the simulated AWS:
// it takes messages from queues and hands them to functions, a window's together.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
//
// It guarantees that what a function has dealt with is deleted, that the rest
// stays for the queue's visibility timeout and dead-letter queue, and that some
// messages come once more though they were dealt with, because SQS delivers at
// least once. Unlike Lambda it asks a queue only when something can be in it (who
// sees messages being sent calls Sent), and has one batch of a queue in flight.
package mapping

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// Source is a queue before a function.
type Source struct {
	URL        string
	Region     string
	Name       string        // of the queue
	Account    string        // whose it is
	Function   string        // as deployed; Lambda takes messages in its name
	Window     time.Duration // after a first message, before the function is invoked
	Batch      int           // messages at most in one invocation
	Visibility time.Duration // the queue's own
}

// Options of a table. All are required.
type Options struct {
	Clock  *clock.Clock
	Log    *slog.Logger
	Config func(role, region string) aws.Config
	Invoke func(ctx context.Context, function string, payload []byte) front.Result
	// Doubles lets every n-th message that was dealt with come once more.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
	Doubles int
}

// Table holds the mappings. Safe for concurrent use.
type Table struct {
	options Options

	mu      sync.Mutex
	entries []*entry
	taken   int // messages that were dealt with, so far
	again   int // of them, those that were left to come once more
}

type entry struct {
	Source
	due  time.Time // of the next batch; zero: nothing can be in the queue
	back time.Time // when all that was left in the queue can be seen again
	busy bool      // a batch is in flight
}

// New makes a table without mappings.
func New(o Options) *Table { return &Table{options: o} }

// Add maps a queue to a function.
func (t *Table) Add(s Source) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries = append(t.entries, &entry{Source: s})
}

// Sent says that a queue has got a message. Its window begins with the first.
func (t *Table) Sent(region, queue string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		if e.Region == region && e.Name == queue {
			e.expect(t.options.Clock.Now().Add(e.Window))
		}
	}
}

// expect makes a batch due at a time, unless one is before.
func (e *entry) expect(at time.Time) {
	if e.due.IsZero() || at.Before(e.due) {
		e.due = at
	}
}

// Run begins the batches that are due, each by a call of start that must not wait
// for it.
func (t *Table) Run(ctx context.Context, now time.Time, start func(func())) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		if e.busy || e.due.IsZero() || e.due.After(now) {
			continue
		}
		e.busy, e.due = true, time.Time{}
		start(func() {
			began := t.options.Clock.Now()
			again, back := t.batch(ctx, e.Source)
			t.mu.Lock()
			defer t.mu.Unlock()
			e.busy = false
			if back.After(e.back) {
				e.back = back
			}
			if !again.IsZero() {
				e.expect(again)
			}
			if e.back.After(began) { // what could be seen before, the batch has seen
				e.expect(e.back)
			}
		})
	}
}

// NextDue is when the next batch is due, which is not in flight; zero: none is.
func (t *Table) NextDue() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	var next time.Time
	for _, e := range t.entries {
		if !e.busy && !e.due.IsZero() && (next.IsZero() || e.due.Before(next)) {
			next = e.due
		}
	}
	return next
}

// Busy says whether a batch is in flight.
func (t *Table) Busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		if e.busy {
			return true
		}
	}
	return false
}

// Doubled is how many messages came once more though they were dealt with.
func (t *Table) Doubled() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.again
}

// double says whether a message that was dealt with is to come once more.
func (t *Table) double() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken++
	if t.options.Doubles > 0 && t.taken%t.options.Doubles == 0 {
		t.again++
		return true
	}
	return false
}
