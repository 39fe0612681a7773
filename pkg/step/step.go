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

// Request is the payload of a step's Task, compiled from the plan.
type Request[Spec any] struct {
	Plan     string        `json:"plan"`
	Run      string        `json:"run"` // execution name
	Step     string        `json:"step"`
	Primary  string        `json:"primary"`
	Recovery string        `json:"recovery"`
	Timeout  plan.Duration `json:"timeout"`
	Spec     Spec          `json:"spec"`
}

// Status is what the machine's Choice branches on.
type Status string

// A Task answers Done or Wait.
const (
	StatusDone Status = "DONE"
	StatusWait Status = "WAIT"
)

// Answer is a Task's result. WaitSeconds is a whole number and always present,
// because a Wait state's SecondsPath accepts nothing else.
type Answer struct {
	Status      Status `json:"status"`
	WaitSeconds int    `json:"waitSeconds"`
	Detail      string `json:"detail"`
}

// Run is what a step kind may know of the run it acts for.
type Run struct {
	Plan     string
	ID       string // execution name; also the seed of client tokens
	Epoch    int64
	Step     string
	Primary  string // region that failed: an unplanned run never calls it
	Recovery string // region to act in
	Now      time.Time
	Began    time.Time // when this step's first look was journalled
	Good     time.Time // since when every look was good; zero: the last one was not
	Pins     run.Pins
	Outputs  map[string]map[string]string // of the steps that are done, by step id
}

// Progress is what one look at the world found, after the next move was made.
type Progress struct {
	Done    bool
	Good    bool              // of a step that must hold for a while: this look was good; see Run.Good
	Detail  string            // for an operator: "3 of 4 instances running"
	Outputs map[string]string // of a step that is done: what later steps may refer to
}

// Kind is one step kind.
type Kind[Spec any] interface {
	// Advance looks at the world, makes the next move and says how far the step
	// is. It never waits and is safe to call any number of times, also after a
	// crash between any two of its calls. Its errors are those of this package
	// (Permanent) or of the SDK, which TryAgain and Permanent classify.
	Advance(ctx context.Context, r Run, spec Spec) (Progress, error)
}
