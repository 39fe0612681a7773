// Package opening takes up a run: it checks that the run holds the plan's lock
// and pins, once, every recovery point that the run will use. A retry resolves
// the same points, and retention keeps them. When a policy has no usable point,
// the run ends here, before anything was changed.
//
// A graceful run loses nothing, so that it pins its data a second time around: after
// its fence, once there are points that hold everything which was written before it.
package opening

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/reserve"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Request is open-run's input.
type Request struct {
	Plan     string `json:"plan"`
	Run      string `json:"run"`
	Recovery string `json:"recovery"` // region of the points
	// Needs has the policies whose points the course's steps use; of those, DrillAlone
	// are used in a drill and in no other run.
	Needs      protect.Overview `json:"needs,omitzero"`
	DrillAlone []string         `json:"drill-alone,omitempty"`
	// Fence is the course's fence, if it has one: a planned run pins points from after
	// it. After is set in the look that follows the fence, and Step is the name under
	// which people answer that look when it fails.
	Fence string `json:"fence,omitempty"`
	After string `json:"after,omitempty"`
	Step  string `json:"step,omitempty"`
	// Children are the plans that the course's steps run.
	Children []string `json:"children,omitempty"`
	// Drill is the plan's, whatever the run is for; nil: the plan cannot be drilled.
	Drill *plan.Drill `json:"drill,omitempty"`
}

// Answer is for the machine.
type Answer struct {
	Status      string `json:"status"`      // "DONE", or "WAIT" for points from after the fence
	WaitSeconds int    `json:"waitSeconds"` // of DONE 0
	Detail      string `json:"detail"`
}

// Ledger is what opening needs of the plan's ledger.
type Ledger interface {
	reserve.Ledger
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Pin(ctx context.Context, plan, runID string, pins run.Pins) error
	// PinFenced writes the second pins of a run once; they count before the first.
	PinFenced(ctx context.Context, plan, runID string, pins run.Pins) error
	// Want has protection passes take points from a moment on, under the run's epoch.
	Want(ctx context.Context, plan string, epoch int64, from time.Time) (changed bool, err error)
}

// Points are the recovery points of the plan's policies.
type Points interface {
	// List gives those of a policy in a region, usable or not, by lineage tag.
	List(ctx context.Context, region, plan string, policy plan.Policy) ([]lineage.Point, error)
	// Sources are what the policy of a pass protects, each with its newest usable point.
	Sources(ctx context.Context, pass protect.Pass) ([]protect.Source, error)
	// Nudge has a policy's own pass look soon. One that is lost costs minutes.
	Nudge(ctx context.Context, in protect.Input) error
}

const function = "open-run"

// opener is one invocation.
type opener struct {
	ledger  Ledger
	points  Points
	request Request
	record  run.Record
	asOf    time.Time // of the run's input
}

// Handler is open-run. It is safe to call again: what is pinned stays pinned.
func Handler(ledger Ledger, points Points, alarms Alarms) func(context.Context, json.RawMessage) (Answer, error) {
	return func(ctx context.Context, raw json.RawMessage) (Answer, error) {
		var request Request
		if err := input.Decode(function, raw, &request); err != nil {
			return Answer{}, err
		}
		if err := input.Need(function, input.Field{Name: "plan", Value: request.Plan}, input.Field{Name: "run", Value: request.Run},
			input.Field{Name: "recovery", Value: request.Recovery}); err != nil {
			return Answer{}, err
		}
		record, err := ledger.Open(ctx, request.Plan, request.Run)
		if err != nil {
			return Answer{}, err
		}
		if err := record.State.Holds(request.Run); err != nil {
			return Answer{}, err
		}
		given, err := record.State.Given()
		if err != nil {
			return Answer{}, failure.Permanentf("the input of run %s in the ledger is not JSON: %v", request.Run, err)
		}
		o := opener{ledger, points, request, record, given.AsOf}
		if request.After != "" {
			return o.fenced(ctx)
		}
		if err := begin(ctx, alarms, record, request); err != nil {
			return Answer{}, err
		}
		if o.record, err = reserved(ctx, ledger, record, request); err != nil {
			return Answer{}, err
		}
		return o.open(ctx)
	}
}

func (o opener) open(ctx context.Context) (Answer, error) {
	if o.record.Mode() == run.Planned && o.request.Fence == "" {
		return Answer{}, failure.Permanentf("plan %s has no fence step, so that nothing would stop writes on the side that is left: add one, or start the run unplanned", o.request.Plan)
	}
	now, later := o.needs()
	if pending := o.unpinned(now); len(pending) > 0 {
		pins, err := o.choose(ctx, pending, time.Time{})
		if err != nil {
			return Answer{}, err
		}
		if err := o.ledger.Pin(ctx, o.request.Plan, o.request.Run, pins); err != nil {
			return Answer{}, err
		}
	}
	if o.record.State.Phase == run.Starting {
		if err := o.ledger.Swap(ctx, o.record.State, o.record.State.Opened()); err != nil {
			return Answer{}, fmt.Errorf("take up run %s: %w", o.request.Run, err)
		}
		slog.InfoContext(ctx, "run opened", "plan", o.request.Plan, "run", o.request.Run)
	}
	detail := fmt.Sprintf("%d policies pinned", len(now))
	if len(later) > 0 {
		detail += fmt.Sprintf(", %d after the fence", len(later))
	}
	return done(detail), nil
}

func done(detail string) Answer { return Answer{Status: "DONE", Detail: detail} }
