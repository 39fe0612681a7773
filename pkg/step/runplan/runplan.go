// Package runplan is the step kind run-plan: it runs another plan of the same
// deployment in the mode of the run, and is done when that plan has recovered.
//
// The parent's open-run has reserved the child's lock. The step starts the child's
// run under it and follows it to its end, which is in the child's own ledger. A
// child that is there already, or is on its way by itself, is not run again. Undo
// cancels a run that goes on, and waits until it has taken itself back; what a child
// has finished can only be failed back, which a person decides.
package runplan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Ledger is what the step needs of the child's ledger.
type Ledger interface {
	State(ctx context.Context, plan string) (run.State, time.Time, error)
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Swap(ctx context.Context, was, next run.State) error
	Readiness(ctx context.Context, plan string) ([]run.Readiness, time.Time, error)
	Ages(ctx context.Context, plan string) ([]run.Age, error)
}

// Executions starts the execution of a plan's run. Two calls are one execution.
type Executions interface {
	Start(ctx context.Context, state run.State) error
}

// Kind acts on the plans whose ledgers and functions are beside its own function.
type Kind struct {
	ledger     Ledger
	executions Executions
	people     canceller
}

// canceller speaks to a plan's run as a person does.
type canceller interface {
	cancel(ctx context.Context, plan, runID, by, reason string) error
}

// Advance sees the child to where the run leads.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.RunPlan) (step.Progress, error) {
	child, now, err := k.ledger.State(ctx, spec.Plan)
	if err != nil {
		return step.Progress{}, err
	}
	switch {
	case child.Parent() == r.ID && (child.UnderWay() || !again(r, child)):
		return k.follow(ctx, r, child)
	case child.Reached(r.Mode):
		return step.Progress{Done: true, Detail: fmt.Sprintf("plan %s is %s already", spec.Plan, child.Posture), Outputs: map[string]string{"run": child.Run}}, nil
	case child.Heading(r.Mode):
		return step.Pending(fmt.Sprintf("plan %s is %s by its own run %s", spec.Plan, child.Posture, child.Run)), nil
	}
	order := run.Order{Mode: r.Mode, Reason: "step " + r.Step + " of run " + r.ID, AsOf: r.AsOf, Parent: r.ID}
	next, err := child.Start(order, now)
	if err != nil {
		return step.Progress{}, step.Permanent("%v: see to its run %s, and then answer retry", err, child.Run)
	}
	return k.start(ctx, child, next)
}

// again says whether a child's run that is over belongs to an earlier attempt of the
// step, so that this one runs the child once more.
func again(r step.Run, child run.State) bool {
	given, err := child.Given()
	return err == nil && r.Attempt > 0 && child.End != run.Recovered && given.At.Before(r.Began)
}

// follow looks at the run that the child has for this step.
func (k *Kind) follow(ctx context.Context, r step.Run, child run.State) (step.Progress, error) {
	switch {
	case child.Phase == run.Reserved:
		next, err := child.Freed(r.Mode)
		if err != nil {
			return step.Progress{}, step.Permanent("%v", err)
		}
		return k.start(ctx, child, next)
	case child.Phase == run.Starting:
		return step.Pending("run " + child.Run + " starts"), k.executions.Start(ctx, child)
	case child.UnderWay():
		return step.Pending("run " + child.Run + " is under way"), nil
	case child.End == run.Recovered:
		return step.Progress{Done: true, Detail: "run " + child.Run + " recovered", Outputs: map[string]string{"run": child.Run}}, nil
	}
	return step.Progress{}, step.Permanent("run %s of plan %s ended %s; its report says why. Answer retry once the plan is in standby", child.Run, child.Plan, child.End)
}

// start writes the lock and starts the execution under it. A child that somebody
// else has written meanwhile is looked at again.
func (k *Kind) start(ctx context.Context, was, next run.State) (step.Progress, error) {
	err := k.ledger.Swap(ctx, was, next)
	if errors.Is(err, run.ErrConflict) {
		return step.Pending("plan " + was.Plan + " was changed meanwhile"), nil
	}
	if err != nil {
		return step.Progress{}, err
	}
	return step.Pending("run " + next.Run + " starts"), k.executions.Start(ctx, next)
}
