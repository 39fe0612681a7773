// Package opening takes up a run: it checks that the run holds the plan's lock
// and pins, once, every recovery point that the run will use. A retry resolves
// the same points, and retention keeps them. When a policy has no usable point,
// the run ends here, before anything was changed.
package opening

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Request is open-run's input. Needs are the policies whose points the plan's
// steps use; of those in Encrypted, which name a key, a bare copy is no usable point.
type Request struct {
	Plan      string   `json:"plan"`
	Run       string   `json:"run"`
	Recovery  string   `json:"recovery"` // region of the points
	Needs     []string `json:"needs"`
	Encrypted []string `json:"encrypted,omitempty"`
	// Fence is the course's fence, if it has one: a planned run pins points from after
	// it. After is set in the look that follows the fence.
	Fence string `json:"fence,omitempty"`
	After string `json:"after,omitempty"`
	// Drill is the plan's, whatever the run is for; nil: the plan cannot be drilled.
	Drill *plan.Drill `json:"drill,omitempty"`
}

// Answer is for the machine; every answer has a wait, here 0.
type Answer struct {
	Status      string `json:"status"` // "DONE"
	WaitSeconds int    `json:"waitSeconds"`
	Detail      string `json:"detail"`
}

// Ledger is what opening needs of the plan's ledger.
type Ledger interface {
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Swap(ctx context.Context, was, next run.State) error
	Pin(ctx context.Context, plan, runID string, pins run.Pins) error
}

// Points lists the recovery points of a policy in the recovery region, usable or
// not, by lineage tag.
type Points interface {
	List(ctx context.Context, region, plan, policy string) ([]lineage.Point, error)
}

const function = "open-run"

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
		if err := begin(ctx, alarms, record, request); err != nil {
			return Answer{}, err
		}
		if len(record.Pins) < len(request.Needs) {
			if err := pin(ctx, ledger, points, request); err != nil {
				return Answer{}, err
			}
		}
		if record.State.Phase == run.Starting {
			if err := ledger.Swap(ctx, record.State, record.State.Opened()); err != nil {
				return Answer{}, fmt.Errorf("take up run %s: %w", request.Run, err)
			}
			slog.InfoContext(ctx, "run opened", "plan", request.Plan, "run", request.Run)
		}
		return Answer{Status: "DONE", Detail: fmt.Sprintf("%d policies pinned", len(request.Needs))}, nil
	}
}

func pin(ctx context.Context, ledger Ledger, points Points, request Request) error {
	pins := run.Pins{}
	var missing []error
	for _, policy := range request.Needs {
		all, err := points.List(ctx, request.Recovery, request.Plan, policy)
		if err != nil {
			return fmt.Errorf("list the recovery points of policy %s: %w", policy, err)
		}
		usable, wanted := all, "complete"
		if slices.Contains(request.Encrypted, policy) {
			usable, wanted = lineage.Encrypted(all), "both complete and encrypted"
		}
		pins[policy] = Newest(usable)
		if len(pins[policy]) == 0 {
			missing = append(missing, failure.Permanentf("policy %s has no usable recovery point in the recovery region (%d are there, none %s)", policy, len(all), wanted))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return err
	}
	return ledger.Pin(ctx, request.Plan, request.Run, pins)
}

// Newest are the points of the newest usable set of every subject: of each
// instance its newest complete set of volumes, of an image policy its newest
// image. Half a set is never mixed with half of another.
func Newest(points []lineage.Point) []lineage.Point {
	var newest []lineage.Point
	seen := map[string]bool{}
	for _, group := range lineage.Groups(points) { // newest first
		if seen[group.Subject] || !group.Usable() {
			continue
		}
		seen[group.Subject] = true
		newest = append(newest, group.Points...)
	}
	return newest
}
