package run

import (
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Record is everything that the ledger knows of a plan and one of its runs, as
// of one moment.
type Record struct {
	State   State
	Entries []Entry  // in the order of their time
	Answers []Answer // in the order of their time
	Pins    Pins
	Now     time.Time // AWS's, one-second resolution
}

// Holds is nil when the run holds the plan's lock and is not over.
func (s State) Holds(runID string) error {
	switch {
	case s.Run == "" || s.Run != runID:
		return failure.Failed{Class: failure.RunOver, Message: "run " + runID + " does not hold the lock of plan " + s.Plan + ": " + s.holder()}
	case s.Phase == Over:
		return failure.Failed{Class: failure.RunOver, Message: "run " + runID + " is over; nothing is done for it any more"}
	}
	return nil
}

func (s State) holder() string {
	if s.Run == "" {
		return "it has never run"
	}
	return "run " + s.Run + " does"
}

// Interrupted says whether the run is a drill that does not hold the lock any more
// and may have left something: it may be taken back, and nothing else.
func (s State) Interrupted(runID string) bool {
	return slices.Contains(s.Drills, runID) && (s.Run != runID || s.Phase == Over)
}

// Attempt is how often a person has said that a step should be tried again.
func (r Record) Attempt(step string) int {
	n := 0
	for _, answer := range r.Answers {
		if answer.Step == step && answer.Word == SayRetry {
			n++
		}
	}
	return n
}

// Answer is what a person said to a step's newest attempt.
func (r Record) Answer(step string, attempt int) (Answer, bool) {
	for _, answer := range r.Answers {
		if answer.Step == step && answer.Attempt == attempt {
			return answer, true
		}
	}
	return Answer{}, false
}

// Cancelled is the answer of who cancelled the run: a person, or what halted a drill.
func (r Record) Cancelled() (Answer, bool) {
	if entry, ok := r.First(Whole, Halted); ok {
		return Answer{Run: entry.Run, Step: Whole, Word: SayAbort, By: entry.Detail, Reason: "the drill is halted", At: entry.At}, true
	}
	for _, answer := range r.Answers {
		if answer.Step == Whole && answer.Word == SayAbort {
			return answer, true
		}
	}
	return Answer{}, false
}

// Stopped is the entry of when the run was stopped: no step acts for it any more.
func (r Record) Stopped() (Entry, bool) {
	for _, entry := range r.Entries {
		if entry.Step == Whole && (entry.Event == Failed || entry.Event == Undoing) {
			return entry, true
		}
	}
	return Entry{}, false
}

// Mode is the run's now: what a person said last, or what it was started in.
func (r Record) Mode() Mode {
	mode := r.State.Mode
	for _, answer := range r.Answers {
		switch {
		case answer.Step != Whole:
		case answer.Word == SayPlanned:
			mode = Planned
		case answer.Word == SayUnplanned:
			mode = Unplanned
		}
	}
	return mode
}

// Find is the entry of a step's newest attempt with that event.
func (r Record) Find(step string, event Event) (Entry, bool) {
	return r.FindAttempt(step, event, r.Attempt(step))
}

// FindAttempt is the entry of one attempt of a step with that event.
func (r Record) FindAttempt(step string, event Event, attempt int) (Entry, bool) {
	for _, entry := range r.Entries {
		if entry.Step == step && entry.Event == event && entry.Attempt == attempt {
			return entry, true
		}
	}
	return Entry{}, false
}

// First is the first entry of a step with that event, in whatever attempt.
func (r Record) First(step string, event Event) (Entry, bool) {
	for _, entry := range r.Entries {
		if entry.Step == step && entry.Event == event {
			return entry, true
		}
	}
	return Entry{}, false
}

// GoodSince is when the step's current run of good looks began; zero when the
// last look was a miss or there was none in its newest attempt.
func (r Record) GoodSince(step string) time.Time {
	var since time.Time
	attempt := r.Attempt(step)
	for _, entry := range r.Entries {
		switch {
		case entry.Step != step || entry.Attempt != attempt:
		case entry.Event == Missed:
			since = time.Time{}
		case entry.Event == Good && since.IsZero():
			since = entry.At
		}
	}
	return since
}

// Outputs of the steps that are done, by step.
func (r Record) Outputs() map[string]map[string]string {
	outputs := map[string]map[string]string{}
	for _, entry := range r.Entries {
		if entry.Event == Done {
			outputs[entry.Step] = entry.Outputs
		}
	}
	return outputs
}

// Passed says whether a run may go on after the step: it is done, or passed over.
func (r Record) Passed(step string) bool {
	_, done := r.First(step, Done)
	_, skipped := r.First(step, Skipped)
	return done || skipped
}

// Fenced is when a graceful run's fence was done; zero: it has none, or it is not
// done. That of an unplanned run goes on beside it and proves nothing.
func (r Record) Fenced() time.Time {
	for _, entry := range r.Entries {
		if entry.Event != Begun || entry.Kind != plan.KindFence || !entry.Mode.Graceful() {
			continue
		}
		if done, ok := r.First(entry.Step, Done); ok {
			return done.At
		}
	}
	return time.Time{}
}

// Acted says whether any step of the run may have changed something.
func (r Record) Acted() bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.Event == Begun })
}

// Begun are the first entries of the steps that began, in the order in which they
// did. Of two that began side by side either may come first.
func (r Record) Begun() []Entry {
	var begun []Entry
	seen := map[string]bool{}
	for _, entry := range r.Entries {
		if entry.Event == Begun && !seen[entry.Step] {
			seen[entry.Step] = true
			begun = append(begun, entry)
		}
	}
	slices.SortStableFunc(begun, func(a, b Entry) int { return a.Before - b.Before })
	return begun
}

// Unsettled are the first entries of the steps that began and are not taken
// back, nor known to be left for a person: the newest first.
func (r Record) Unsettled() []Entry {
	var open []Entry
	for _, entry := range r.Begun() {
		_, undone := r.First(entry.Step, Undone)
		_, left := r.First(entry.Step, Left)
		if !undone && !left {
			open = append(open, entry)
		}
	}
	slices.Reverse(open)
	return open
}
