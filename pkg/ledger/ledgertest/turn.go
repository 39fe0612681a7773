package ledgertest

import (
	"context"
	"reflect"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Shift is that of pkg/ledger.
func (l *Ledger) Shift(_ context.Context, plan string, epoch int64, to run.Side) (bool, error) {
	return l.turn("shift", plan, epoch, func(s *run.State) { s.Side = to })
}

// Turn is that of pkg/ledger.
func (l *Ledger) Turn(_ context.Context, plan string, epoch int64, turned bool) (bool, error) {
	return l.turn("turn", plan, epoch, func(s *run.State) { s.Turned = turned })
}

// Unfence is that of pkg/ledger.
func (l *Ledger) Unfence(_ context.Context, plan string, epoch int64, since time.Time) (bool, error) {
	return l.turn("unfence", plan, epoch, func(s *run.State) { s.Unfenced = since })
}

func (l *Ledger) turn(call, plan string, epoch int64, change func(*run.State)) (bool, error) {
	defer l.begin(call)()
	if err := l.broken(call); err != nil {
		return false, err
	}
	state := l.state(plan)
	if err := state.Holds(run.Name(plan, epoch)); err != nil {
		return false, err
	}
	next := state
	if change(&next); reflect.DeepEqual(next, state) {
		return false, nil
	}
	next.Version++
	l.states[plan] = next
	return true, nil
}
