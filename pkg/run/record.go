package run

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Record is everything that the ledger knows of a plan and one of its runs, as
// of one moment.
type Record struct {
	State   State
	Entries []Entry // in the order of their time
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

// Find is the first entry of a step with that event.
func (r Record) Find(step string, event Event) (Entry, bool) {
	for _, entry := range r.Entries {
		if entry.Step == step && entry.Event == event {
			return entry, true
		}
	}
	return Entry{}, false
}

// GoodSince is when the step's current run of good looks began; zero when the
// last look was a miss or there was none.
func (r Record) GoodSince(step string) time.Time {
	var since time.Time
	for _, entry := range r.Entries {
		switch {
		case entry.Step != step:
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

// Acted says whether any step of the run may have changed something.
func (r Record) Acted() bool {
	for _, entry := range r.Entries {
		if entry.Event == Begun {
			return true
		}
	}
	return false
}
