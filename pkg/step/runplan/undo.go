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

// Undo cancels the child's run, if it goes on, and waits for its end. A drill of the
// child is taken back by itself.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.RunPlan) (step.Progress, error) {
	child, now, err := k.ledger.State(ctx, spec.Plan)
	if err != nil {
		return step.Progress{}, err
	}
	switch {
	case child.Parent() != r.ID:
		return step.Nothing("plan " + spec.Plan + " was not run by this step"), nil
	case child.Phase == run.Reserved:
		return k.giveBack(ctx, child, now)
	case child.UnderWay():
		return k.cancel(ctx, r, child)
	case child.End == run.Aborted, child.End == run.Recovered && child.Mode == run.Drill:
		return step.Nothing("run " + child.Run + " took back what it had made"), nil
	case child.End == run.Recovered:
		return step.Progress{Done: true, Left: fmt.Sprintf("Plan %s is %s since its run %s: start its failback when it is to go back.", child.Plan, child.Posture, child.Run)}, nil
	}
	return step.Progress{Done: true, Left: fmt.Sprintf("Run %s of plan %s ended %s: see to what its report says is left, and settle the plan.", child.Run, child.Plan, child.End)}, nil
}

func (k *Kind) giveBack(ctx context.Context, child run.State, now time.Time) (step.Progress, error) {
	free, err := child.Closed(run.Aborted, now)
	if err != nil {
		return step.Progress{}, step.Permanent("%v", err)
	}
	if err := k.ledger.Swap(ctx, child, free); err != nil && !errors.Is(err, run.ErrConflict) {
		return step.Progress{}, err
	}
	return step.Pending("the lock of plan " + child.Plan + " is given back"), nil
}

// cancel asks once; the journal of the child says whether it was heard.
func (k *Kind) cancel(ctx context.Context, r step.Run, child run.State) (step.Progress, error) {
	record, err := k.ledger.Open(ctx, child.Plan, child.Run)
	if err != nil {
		return step.Progress{}, err
	}
	_, asked := record.Cancelled()
	if _, stopped := record.Stopped(); asked || stopped {
		return step.Pending("run " + child.Run + " takes back what it made"), nil
	}
	return step.Pending("run " + child.Run + " is cancelled"), k.people.cancel(ctx, child.Plan, child.Run, "run "+r.ID, "step "+r.Step+" of run "+r.ID+" is taken back")
}
