package protect

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Overview is the input of who looks at every policy of a plan and changes
// nothing.
type Overview struct {
	Plan     string         `json:"plan"`
	Primary  string         `json:"primary"`        // AWS region
	Recovery string         `json:"recovery"`       // AWS region
	Next     string         `json:"next,omitempty"` // AWS region; see plan.Plan
	Accounts *plan.Accounts `json:"accounts,omitempty"`
	Policies []plan.Policy  `json:"policies"`
}

// OverviewOf is the overview of a valid plan.
func OverviewOf(p *plan.Plan) Overview {
	return Overview{Plan: p.Name, Primary: p.Primary, Recovery: p.Recovery, Next: p.Next, Accounts: p.Accounts, Policies: p.Protect}
}

// DecodeOverview reads an input of the named function. Its errors are of class
// BadInput.
func DecodeOverview(function string, raw json.RawMessage) (Overview, error) {
	var o Overview
	if err := input.Decode(function, raw, &o); err != nil {
		return Overview{}, err
	}
	if err := input.Need(function,
		input.Field{Name: "plan", Value: o.Plan},
		input.Field{Name: "primary", Value: o.Primary},
		input.Field{Name: "recovery", Value: o.Recovery},
	); err != nil {
		return Overview{}, err
	}
	if len(o.Policies) == 0 {
		return Overview{}, failure.BadInputf("an input of %s needs \"policies\"; send one as in events/%s", function, function)
	}
	for _, in := range o.inputs() {
		if err := in.valid(FunctionOf(in.Policy)); err != nil {
			return Overview{}, err
		}
	}
	return o, nil
}

// Begin gives a pass over each policy, all from one look at the ledger. They are
// for looking alone: unlike a pass that acts, they do not wait for a run to be over.
func (o Overview) Begin(ctx context.Context, ledger Ledger) ([]Pass, error) {
	state, now, err := ledger.State(ctx, o.Plan)
	if err != nil {
		return nil, fmt.Errorf("read the posture of plan %s: %w", o.Plan, err)
	}
	pins, err := ledger.Pins(ctx, o.Plan)
	if err != nil {
		return nil, fmt.Errorf("read the pins of plan %s: %w", o.Plan, err)
	}
	passes := o.Passes(state.Serving(), now)
	for i := range passes {
		passes[i].Pinned = pinned(pins[passes[i].Policy.Name])
	}
	return passes, nil
}

// Passes are one over each policy, while a side serves. They know of no pins, and so
// are for looking alone as well.
func (o Overview) Passes(serving run.Side, now time.Time) []Pass {
	var passes []Pass
	for _, in := range o.inputs() {
		pass := Pass{Input: in, Now: now}
		pass.From, pass.To = in.direction(serving)
		passes = append(passes, pass)
	}
	return passes
}

// inputs are what each policy's own function would be sent.
func (o Overview) inputs() []Input {
	inputs := make([]Input, len(o.Policies))
	for i, policy := range o.Policies {
		inputs[i] = Input{Plan: o.Plan, Primary: o.Primary, Recovery: o.Recovery, Next: o.Next, Accounts: o.Accounts, Policy: policy}
	}
	return inputs
}
