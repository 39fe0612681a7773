// Package step is what every step kind has in common: the request that the state
// machine sends, the answer it branches on, the journal entries around the act,
// and the error names that its Catch and Retry rules match.
//
// It guarantees that nothing is done for a run that does not hold the plan's
// lock, and that no step acts before its journal entry is written. It does not
// wait: a step that is not done says how long to wait, and the machine does.
package step

import (
	"context"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Op is what is asked of a step.
type Op string

// The operations. Check is asked by a schedule and belongs to no run.
const (
	Advance Op = "advance"
	Undo    Op = "undo"
	Check   Op = "check"
)

// Request is the payload of a step's Task, compiled from the plan.
type Request[Spec any] struct {
	Op       Op            `json:"op"`
	Plan     string        `json:"plan"`
	Course   plan.Course   `json:"course,omitempty"`
	Run      string        `json:"run,omitempty"` // execution name; of Check empty
	Step     string        `json:"step"`
	Kind     plan.Kind     `json:"kind"`
	Primary  string        `json:"primary"`
	Recovery string        `json:"recovery"`
	Timeout  plan.Duration `json:"timeout"`
	Pace     Pace          `json:"pace"`
	Drill    *plan.Drill   `json:"drill,omitempty"`  // the plan's, whatever the run is for; nil: it has none
	Notify   string        `json:"notify,omitempty"` // of a step that asks people: the SNS topic beside the functions; empty: nobody is told
	Spec     Spec          `json:"spec"`
}

// Status is what the machine's Choice branches on.
type Status string

// A step answers Done or Wait, hold-step also Hold.
const (
	StatusDone Status = "DONE"
	StatusWait Status = "WAIT"
	StatusHold Status = "HOLD"
)

// Answer is a Task's result. WaitSeconds is a whole number and always present,
// because a Wait state's SecondsPath accepts nothing else.
type Answer struct {
	Status      Status   `json:"status"`
	WaitSeconds int      `json:"waitSeconds"`
	Detail      string   `json:"detail"`
	Problems    []string `json:"problems,omitempty"` // of Check: what would stop the step now
}

// Run is what a step kind may know of the run it acts for. Of Check, only Plan,
// Step, Primary, Recovery, Now and Drill are set.
type Run struct {
	Plan     string
	ID       string    // execution name; also the seed of client tokens
	Epoch    int64     // of the lock that the run holds; zero for a drill that lost it
	Mode     run.Mode  // that the step began in
	AsOf     time.Time // data from before this moment alone; zero: the newest
	Step     string
	Attempt  int    // how often a person has said retry
	Primary  string // region that is left: an unplanned run never calls it
	Recovery string // region to act in
	// Drill is how the step keeps apart from what serves; nil: this is no drill, but
	// for Check, which gets the plan's.
	Drill   *plan.Drill
	Notify  string // SNS topic for what people are asked; empty: nobody is told
	Now     time.Time
	Began   time.Time // when this attempt's first look was journalled; of Undo, the step's first
	Good    time.Time // since when every look was good; zero: the last one was not
	Ended   bool      // of Undo: the step was done
	Stopped time.Time // of Undo: when the run was stopped
	Pins    run.Pins
	Outputs map[string]map[string]string // of the steps that are done, by step id
	Answers []run.Answer                 // of people to this run
	Fenced  time.Time                    // when the fence of a graceful run was done; zero: it was not
}

// Progress is what one look at the world found, after the next move was made.
type Progress struct {
	Done    bool
	Good    bool              // of a step that must hold for a while: this look was good; see Run.Good
	Detail  string            // for an operator: "3 of 4 instances running"
	Outputs map[string]string // of a step that is done: what later steps may refer to
	// Left is what Undo cannot take back, with what a person must do, as whole
	// sentences. The run then ends Dirty. Empty: nothing.
	Left string
}

// Kind is one step kind. Its errors are those of this package (Permanent) or of
// the SDK, which failure.ClassOf classifies.
type Kind[Spec any] interface {
	// Check says what would stop the step if it ran now, a sentence each that says
	// what to do about it. It changes nothing, and asks AWS with the step's own role:
	// by DryRun where there is one. An error: it could not be found out.
	Check(ctx context.Context, r Run, spec Spec) (problems []string, err error)
	// Advance looks at the world, makes the next move and says how far the step
	// is. It never waits and is safe to call any number of times, also after a
	// crash between any two of its calls.
	Advance(ctx context.Context, r Run, spec Spec) (Progress, error)
	// Undo takes back what Advance made, the same way: it looks first, makes the next
	// move and is Done when nothing is left, or when what is left is Left. Advance is
	// not called any more when it is first called. It also cleans up after a drill.
	Undo(ctx context.Context, r Run, spec Spec) (Progress, error)
}

// Pending is the progress of a step that has to be looked at again.
func Pending(detail string) Progress { return Progress{Detail: detail} }

// Nothing is the progress of an Undo that has nothing to take back.
func Nothing(why string) Progress { return Progress{Done: true, Detail: why} }
