// Package schedule fires the plans' EventBridge Scheduler schedules in data time,
// because the simulator keeps schedules but never fires them.
//
// It guarantees that a schedule fires on its grid, counted from when the table
// was made, and that schedules due at one time fire in the table's order. It does
// not run by itself: who moves data time calls Run. Unlike AWS it fires a schedule
// once a Run, however many of its times have passed: who jumps over idle time
// jumps to NextDue, and so misses none.
package schedule

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

// Schedule is one rate-based schedule.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
type Schedule struct {
	Name   string
	Every  time.Duration // data time; zero: it fires once, at the start
	Target string        // name or ARN of a function, ARN of a queue
	Input  []byte        // payload or message
}

// ErrUnknown is returned for a name that is not in the table.
var ErrUnknown = errors.New("no such schedule")

// Table is safe for concurrent use.
type Table struct {
	clock *clock.Clock
	fire  func(target string, input []byte)

	mu        sync.Mutex
	schedules []entry
}

type entry struct {
	Schedule
	due     time.Time // zero: never again
	stopped bool
}

// New makes a table whose schedules are first due at once, as those of a rate are
// that name no start date. fire must return without waiting for the target, as an
// asynchronous Invoke does.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func New(clk *clock.Clock, fire func(target string, input []byte), schedules []Schedule) *Table {
	t := &Table{clock: clk, fire: fire}
	start := clk.Now()
	for _, s := range schedules {
		t.schedules = append(t.schedules, entry{Schedule: s, due: start})
	}
	return t
}

// NextDue is when a schedule that is not stopped fires next; zero: none will.
func (t *Table) NextDue() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	var next time.Time
	for _, e := range t.schedules {
		if e.stopped || e.due.IsZero() {
			continue
		}
		if next.IsZero() || e.due.Before(next) {
			next = e.due
		}
	}
	return next
}

// Run fires what is due by now, once each, and says how many that were.
func (t *Table) Run(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	fired := 0
	for i := range t.schedules {
		e := &t.schedules[i]
		if e.stopped || e.due.IsZero() || e.due.After(now) {
			continue
		}
		t.fire(e.Target, e.Input)
		e.due = e.after(now)
		fired++
	}
	return fired
}

// Stop disables a schedule; Start enables it again.
func (t *Table) Stop(name string) error {
	return t.change("stop", name, func(e *entry) { e.stopped = true })
}

// Start enables a schedule. It fires again at the next time on its grid: what it
// missed while it was stopped is not made up for.
func (t *Table) Start(name string) error {
	now := t.clock.Now()
	return t.change("start", name, func(e *entry) {
		if e.stopped && e.due.Before(now) {
			e.due = e.after(now)
		}
		e.stopped = false
	})
}

func (t *Table) change(verb, name string, how func(*entry)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.schedules {
		if t.schedules[i].Name == name {
			how(&t.schedules[i])
			return nil
		}
	}
	return fmt.Errorf("%s schedule %s: %w", verb, name, ErrUnknown)
}

// after is the first time on the entry's grid that lies after now.
func (e entry) after(now time.Time) time.Time {
	if e.Every <= 0 {
		return time.Time{}
	}
	return e.due.Add((now.Sub(e.due)/e.Every + 1) * e.Every)
}
