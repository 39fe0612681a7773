package opening

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// look is how often it is asked whether the points from after a fence are there, in
// seconds: users are without their application meanwhile.
const look = 15

// patience is how long they may take before a person is asked.
const patience = time.Hour

// fenced pins after the fence what was not pinned before. In a graceful run it waits
// until everything that a policy protects has a usable point from after the fence,
// and has the passes take one now. A run that is not graceful any more, or whose fence
// a person passed over, goes on with the newest points that there are.
func (o opener) fenced(ctx context.Context) (Answer, error) {
	if answer, cancelled := o.record.Cancelled(); cancelled {
		return Answer{}, failure.Failed{Class: failure.Abort, Message: "run " + o.request.Run + " was cancelled by " + answer.By}
	}
	now, later := o.needs()
	if !o.record.Mode().Graceful() || o.record.Fenced().IsZero() {
		return o.settle(ctx, o.unpinned(append(now, later...)), time.Time{})
	}
	from := o.record.State.Wanted
	if from.IsZero() {
		return o.want(ctx, later)
	}
	if later = o.older(later, from); len(later) == 0 {
		return done("every policy is pinned from after the fence"), nil
	}
	late, err := o.late(ctx, later, from)
	if err != nil {
		return Answer{}, err
	}
	if len(late) == 0 {
		return o.settle(ctx, later, from)
	}
	detail := fmt.Sprintf("no usable point from after the fence, %s, yet: %s", stamp(from), strings.Join(late, "; "))
	if o.record.Now.Sub(o.asked(from)) > patience {
		return Answer{}, failure.Permanentf("%s. The protection functions' logs say why; answer retry to wait on, or say unplanned and then retry to go on with the newest points that there are", detail)
	}
	return Answer{Status: "WAIT", WaitSeconds: look, Detail: detail}, nil
}

// want says in the ledger from when points are wanted, and has the passes look. The
// moment is the next second: AWS's time has no finer one, and the fence was seen
// within this.
func (o opener) want(ctx context.Context, later []plan.Policy) (Answer, error) {
	if len(later) == 0 {
		return done("no policy holds data that the run needs"), nil
	}
	from := o.record.Now.Add(time.Second)
	if _, err := o.ledger.Want(ctx, o.request.Plan, o.record.State.Epoch, from); err != nil {
		return Answer{}, fmt.Errorf("ask for recovery points from %s on: %w", stamp(from), err)
	}
	slog.InfoContext(ctx, "recovery points wanted", "plan", o.request.Plan, "run", o.request.Run)
	for _, pass := range o.passes(later) {
		if err := o.points.Nudge(ctx, pass.Input); err != nil { // the schedule asks in a few minutes
			slog.WarnContext(ctx, "pass not asked for", "plan", o.request.Plan, "run", o.request.Run, "err", err)
		}
	}
	return Answer{Status: "WAIT", WaitSeconds: look, Detail: "recovery points are wanted from " + stamp(from) + " on"}, nil
}

// older are the policies that are not pinned from that moment on.
func (o opener) older(policies []plan.Policy, from time.Time) []plan.Policy {
	var older []plan.Policy
	for _, policy := range policies {
		pins := o.record.Pins[policy.Name]
		if len(between(pins, from, time.Time{})) < max(len(pins), 1) {
			older = append(older, policy)
		}
	}
	return older
}

// late says what has no usable point from that moment on.
func (o opener) late(ctx context.Context, policies []plan.Policy, from time.Time) ([]string, error) {
	var late []string
	for _, pass := range o.passes(policies) {
		sources, err := o.points.Sources(ctx, pass)
		if err != nil {
			return nil, fmt.Errorf("look at what policy %s protects: %w", pass.Policy.Name, err)
		}
		if len(sources) == 0 {
			late = append(late, "policy "+pass.Policy.Name+" finds nothing that it protects")
		}
		for _, s := range sources {
			if s.Newest.Before(from) {
				late = append(late, fmt.Sprintf("%s of policy %s has its newest from %s", s.ID, pass.Policy.Name, stamp(s.Newest)))
			}
		}
	}
	return late, nil
}

// passes over some of the policies, as they go now.
func (o opener) passes(policies []plan.Policy) []protect.Pass {
	some := o.request.Needs
	some.Policies = policies
	return some.Passes(o.record.State.Serving(), o.record.Now)
}

// asked is since when the points are waited for: a person may have said to go on.
func (o opener) asked(from time.Time) time.Time {
	for _, answer := range o.record.Answers {
		if answer.Step == o.request.Step && answer.Word == run.SayRetry && answer.At.After(from) {
			from = answer.At
		}
	}
	return from
}

// settle pins the policies' newest points from a moment on.
func (o opener) settle(ctx context.Context, policies []plan.Policy, from time.Time) (Answer, error) {
	if len(policies) == 0 {
		return done("nothing is left to pin"), nil
	}
	pins, err := o.choose(ctx, policies, from)
	if err != nil {
		return Answer{}, err
	}
	if err := o.ledger.PinFenced(ctx, o.request.Plan, o.request.Run, pins); err != nil {
		return Answer{}, err
	}
	return done(fmt.Sprintf("%d policies pinned after the fence", len(pins))), nil
}
