// Package reserve takes the locks of a parent plan's children before its run does
// anything, and gives back those that it did not use.
//
// It takes them in the order of their names and waits for none: who finds one taken
// gives back what it has, so that no two parents wait for each other. What a run has
// taken is written in its own plan's state first, and whoever ends that run gives it
// back: close-run, or decide-failover for a run that died. A parent's plan that was
// deleted with its ledger cannot; then a person says abort to the child's run.
package reserve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Ledger is what reserving needs of the ledgers, the parent's and the children's.
type Ledger interface {
	State(ctx context.Context, plan string) (run.State, time.Time, error)
	Swap(ctx context.Context, was, next run.State) error
}

// Take reserves every child for the run that holds the parent's lock. Asked again,
// it takes what is missing.
func Take(ctx context.Context, ledger Ledger, plan string, order run.Order, children []string) error {
	children = slices.Sorted(slices.Values(children))
	parent, _, err := ledger.State(ctx, plan)
	if err != nil {
		return err
	}
	if !slices.Equal(parent.Children, children) {
		next := parent
		next.Children = children
		if err := ledger.Swap(ctx, parent, next); err != nil {
			return fmt.Errorf("note the children of run %s: %w", parent.Run, err)
		}
	}
	order.Parent = parent.Run
	for _, child := range children {
		if err := take(ctx, ledger, child, order); err != nil {
			return err
		}
	}
	return nil
}

// take reserves one child, unless it is ours, is where the run would lead it, or is
// on its way there by itself. A drill stands in no failover's way, whoever's it is.
func take(ctx context.Context, ledger Ledger, child string, order run.Order) error {
	state, now, err := ledger.State(ctx, child)
	if err != nil {
		return fmt.Errorf("look at child plan %s: %w", child, err)
	}
	switch {
	case state.UnderWay() && state.Parent() == order.Parent, state.Reached(order.Mode), state.Heading(order.Mode):
		return nil
	}
	next, err := state.Reserve(order, now)
	if err != nil {
		return failure.Permanentf("child plan %s cannot take part in run %s: %v (its run is %s%s); start again when that is over", child, order.Parent, err, state.Run, of(state))
	}
	if err := ledger.Swap(ctx, state, next); err != nil {
		return fmt.Errorf("reserve child plan %s: %w", child, err)
	}
	return nil
}

func of(state run.State) string {
	if parent := state.Parent(); parent != "" {
		return ", which belongs to run " + parent
	}
	return ""
}

// Release gives back what a plan's runs have reserved and not used, once the newest
// of them is over.
func Release(ctx context.Context, ledger Ledger, plan string) error {
	parent, _, err := ledger.State(ctx, plan)
	if err != nil || parent.UnderWay() || len(parent.Children) == 0 {
		return err
	}
	var failed []error
	for _, child := range parent.Children {
		failed = append(failed, giveBack(ctx, ledger, plan, child))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	next := parent
	next.Children = nil
	return ledger.Swap(ctx, parent, next)
}

func giveBack(ctx context.Context, ledger Ledger, plan, child string) error {
	state, now, err := ledger.State(ctx, child)
	if err != nil {
		return fmt.Errorf("look at child plan %s: %w", child, err)
	}
	if state.Phase != run.Reserved || !run.Of(plan, state.Parent()) {
		return nil
	}
	next, err := state.Closed(run.Aborted, now)
	if err != nil {
		return err
	}
	if err := ledger.Swap(ctx, state, next); err != nil {
		return fmt.Errorf("give back child plan %s: %w", child, err)
	}
	return nil
}
