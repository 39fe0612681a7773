package ledgertest

import (
	"context"
	"maps"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Pin is that of pkg/ledger.
func (l *Ledger) Pin(_ context.Context, _, runID string, pins run.Pins) error {
	return l.pin("pin", runID, pins)
}

// PinFenced is that of pkg/ledger.
func (l *Ledger) PinFenced(_ context.Context, _, runID string, pins run.Pins) error {
	return l.pin("pin fenced", runID+fenced, pins)
}

// fenced tells the second pins of a run from the first.
const fenced = "/fenced"

func (l *Ledger) pin(call, name string, pins run.Pins) error {
	defer l.begin(call)()
	if err := l.broken(call); err != nil {
		return err
	}
	if l.pins[name] == nil {
		l.pins[name] = maps.Clone(pins)
	}
	return nil
}

// Pins is that of pkg/ledger.
func (l *Ledger) Pins(_ context.Context, plan string) (run.Pins, error) {
	defer l.begin("pins")()
	if err := l.broken("pins"); err != nil {
		return nil, err
	}
	return l.pinned(l.state(plan).Run), nil
}

func (l *Ledger) pinned(runID string) run.Pins {
	pins := run.Pins{}
	maps.Copy(pins, l.pins[runID])
	maps.Copy(pins, l.pins[runID+fenced])
	return pins
}

// Want is that of pkg/ledger.
func (l *Ledger) Want(_ context.Context, plan string, epoch int64, from time.Time) (bool, error) {
	return l.turn("want", plan, epoch, func(s *run.State) { s.Wanted = from })
}
