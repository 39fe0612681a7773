// Package ledgertest is a ledger in memory for tests: it keeps the promises of
// pkg/ledger, which the same conformance suite shows of both, writes down every
// call in order, and breaks down when it is told to. No product package uses it.
package ledgertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Ledger holds any number of plans. It is safe for concurrent use.
type Ledger struct {
	// Break, when set, is asked before every call; an error is the call's answer
	// and the call does nothing.
	Break func(call string) error

	mu     sync.Mutex
	later  func()
	now    time.Time
	calls  []string
	states map[string]run.State
	noted  map[string][]run.Entry  // by run
	said   map[string][]run.Answer // by run
	ready  map[string]run.Readiness
	ages   map[string]run.Age
	pins   map[string]run.Pins     // by run
	seen   map[string]map[any]bool // entries by run
}

// New is an empty ledger whose AWS says that it is now.
func New(now time.Time) *Ledger {
	return &Ledger{
		now: now, states: map[string]run.State{}, noted: map[string][]run.Entry{},
		said: map[string][]run.Answer{}, ready: map[string]run.Readiness{}, ages: map[string]run.Age{}, pins: map[string]run.Pins{}, seen: map[string]map[any]bool{},
	}
}

// Started is a ledger in which the first run of a plan has taken the lock and was
// opened.
func Started(plan string, now time.Time) *Ledger {
	l := New(now)
	state, err := run.New(plan).Start(run.Order{Reason: "a test"}, now)
	if err != nil {
		l.Break = func(string) error { return err }
	}
	l.Set(state.Opened())
	return l
}

// Set puts a state there, whatever was before.
func (l *Ledger) Set(state run.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.states[state.Plan] = state
}

// Of is a plan's state, unrecorded.
func (l *Ledger) Of(plan string) run.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state(plan)
}

// Wait lets AWS's time pass.
func (l *Ledger) Wait(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

// At sets AWS's time, to the second, as its Date headers tell it.
func (l *Ledger) At(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now.Truncate(time.Second)
}

// Now is AWS's time.
func (l *Ledger) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Later is done as soon as the call that is under way is over: what somebody else
// does at that moment.
func (l *Ledger) Later(do func()) { l.later = do }

// Called writes down a call that is not the ledger's own, so that a test can see
// what came first.
func (l *Ledger) Called(call string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, call)
}

// Calls are those since the last time it was asked: "open", "note orders begun".
func (l *Ledger) Calls() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := l.calls
	l.calls = nil
	return calls
}

// Writes counts the calls that write.
func Writes(calls []string) (n int) {
	for _, call := range calls {
		if word, _, _ := strings.Cut(call, " "); slices.Contains([]string{"note", "pin", "swap", "shift", "turn", "unfence", "want", "say", "ready", "aged"}, word) {
			n++
		}
	}
	return n
}

// Entries are those of a run, as they were written.
func (l *Ledger) Entries(runID string) []run.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.noted[runID])
}

// State is that of pkg/ledger.
func (l *Ledger) State(_ context.Context, plan string) (run.State, time.Time, error) {
	defer l.begin("state")()
	if err := l.broken("state"); err != nil {
		return run.State{}, time.Time{}, err
	}
	return l.state(plan), l.now, nil
}

// Swap is that of pkg/ledger.
func (l *Ledger) Swap(_ context.Context, was, next run.State) error {
	defer l.begin("swap")()
	if err := l.broken("swap"); err != nil {
		return err
	}
	if l.state(next.Plan).Version != was.Version {
		return run.ErrConflict
	}
	next.Version, next.Schema = was.Version+1, run.Schema
	l.states[next.Plan] = next
	return nil
}

// Open is that of pkg/ledger.
func (l *Ledger) Open(_ context.Context, plan, runID string) (run.Record, error) {
	defer l.begin("open")()
	if err := l.broken("open"); err != nil {
		return run.Record{}, err
	}
	record := run.Record{State: l.state(plan), Now: l.now, Pins: run.Pins{}, Entries: slices.Clone(l.noted[runID]), Answers: slices.Clone(l.said[runID])}
	maps.Copy(record.Pins, l.pinned(runID))
	slices.SortStableFunc(record.Entries, func(a, b run.Entry) int { return a.At.Compare(b.At) })
	return record, nil
}

// Note is that of pkg/ledger.
func (l *Ledger) Note(_ context.Context, _ string, entry run.Entry) error {
	call := "note " + entry.Step + " " + string(entry.Event)
	defer l.begin(call)()
	if err := l.broken(call); err != nil {
		return err
	}
	type name struct {
		step    string
		event   run.Event
		attempt int
		at      string // of the turns, of which there are many
	}
	key := name{step: entry.Step, event: entry.Event, attempt: entry.Attempt}
	if entry.Event == run.Good || entry.Event == run.Missed {
		key.at = entry.At.UTC().Format(time.RFC3339)
	}
	if l.seen[entry.Run] == nil {
		l.seen[entry.Run] = map[any]bool{}
	}
	if !l.seen[entry.Run][key] {
		l.seen[entry.Run][key] = true
		l.noted[entry.Run] = append(l.noted[entry.Run], entry)
	}
	return nil
}

// Say is that of pkg/ledger.
func (l *Ledger) Say(_ context.Context, _ string, answer run.Answer) (bool, error) {
	defer l.begin("say")()
	if err := l.broken("say"); err != nil {
		return false, err
	}
	for _, given := range l.said[answer.Run] {
		if given.Step == answer.Step && given.Attempt == answer.Attempt {
			return false, nil
		}
	}
	l.said[answer.Run] = append(l.said[answer.Run], answer)
	return true, nil
}

// Ready is that of pkg/ledger.
func (l *Ledger) Ready(_ context.Context, plan string, ready run.Readiness) error {
	defer l.begin("ready " + ready.Step)()
	if err := l.broken("ready " + ready.Step); err != nil {
		return err
	}
	name := plan + "/" + string(ready.Course) + "/" + ready.Step
	l.ready[name] = ready.After(l.ready[name])
	return nil
}

// Readiness is that of pkg/ledger.
func (l *Ledger) Readiness(_ context.Context, plan string) ([]run.Readiness, time.Time, error) {
	defer l.begin("readiness")()
	if err := l.broken("readiness"); err != nil {
		return nil, time.Time{}, err
	}
	var all []run.Readiness
	for _, name := range slices.Sorted(maps.Keys(l.ready)) {
		if strings.HasPrefix(name, plan+"/") {
			all = append(all, l.ready[name])
		}
	}
	return all, l.now, nil
}

// Aged is that of pkg/ledger.
func (l *Ledger) Aged(_ context.Context, plan string, age run.Age) error {
	defer l.begin("aged " + age.Policy)()
	if err := l.broken("aged " + age.Policy); err != nil {
		return err
	}
	l.ages[plan+"/"+age.Policy] = age
	return nil
}

// Ages is that of pkg/ledger.
func (l *Ledger) Ages(_ context.Context, plan string) ([]run.Age, error) {
	defer l.begin("ages")()
	if err := l.broken("ages"); err != nil {
		return nil, err
	}
	var all []run.Age
	for _, name := range slices.Sorted(maps.Keys(l.ages)) {
		if strings.HasPrefix(name, plan+"/") {
			all = append(all, l.ages[name])
		}
	}
	return all, nil
}

// begin takes the lock and writes the call down; what it answers gives it back.
func (l *Ledger) begin(call string) func() {
	l.mu.Lock()
	l.calls = append(l.calls, call)
	return func() {
		do := l.later
		l.later = nil
		l.mu.Unlock()
		if do != nil {
			do()
		}
	}
}

func (l *Ledger) broken(call string) error {
	if l.Break == nil {
		return nil
	}
	return l.Break(call)
}

func (l *Ledger) state(plan string) run.State {
	if state, ok := l.states[plan]; ok {
		return state
	}
	return run.New(plan)
}

// ErrDown is a breakdown that time mends.
var ErrDown = errors.New("the ledger is down")

// On breaks down at one call alone, with ErrDown.
func On(call string) func(string) error {
	return func(made string) error {
		if made == call {
			return ErrDown
		}
		return nil
	}
}
