package ledger

import (
	"context"
	"reflect"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Shift sends users to a side, if the run of that epoch still holds the lock, and
// says whether that changed anything. This write is what fences a stale run off: the
// publisher turns the side into the metric, and nothing else does.
func (l *Ledger) Shift(ctx context.Context, plan string, epoch int64, to run.Side) (bool, error) {
	return l.turn(ctx, plan, epoch, func(s *run.State) { s.Side = to })
}

// Turn has protection passes go the other way before the run is over, or not any
// more, under the same condition.
func (l *Ledger) Turn(ctx context.Context, plan string, epoch int64, turned bool) (bool, error) {
	return l.turn(ctx, plan, epoch, func(s *run.State) { s.Turned = turned })
}

// Unfence notes since when the old primary may still take writes, under the same
// condition; zero: it is fenced.
func (l *Ledger) Unfence(ctx context.Context, plan string, epoch int64, since time.Time) (bool, error) {
	return l.turn(ctx, plan, epoch, func(s *run.State) { s.Unfenced = since })
}

func (l *Ledger) turn(ctx context.Context, plan string, epoch int64, change func(*run.State)) (bool, error) {
	state, _, err := l.State(ctx, plan)
	if err != nil {
		return false, err
	}
	if err := state.Holds(run.Name(plan, epoch)); err != nil {
		return false, err
	}
	next := state
	change(&next)
	if reflect.DeepEqual(next, state) {
		return false, nil
	}
	return true, l.Swap(ctx, state, next)
}
