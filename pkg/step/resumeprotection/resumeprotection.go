// Package resumeprotection is the step kind resume-protection: it turns protection
// round before the run is over, so that the side that serves from now on is the
// source of recovery points.
//
// All it changes is the ledger, under the run's epoch; the protection functions read
// the direction there, and the permissions for both are granted from the start. It
// makes no recovery point and waits for none.
package resumeprotection

import (
	"context"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Ledger is where protection passes read their direction.
type Ledger interface {
	// Turn is that of pkg/ledger: conditional on the run's epoch.
	Turn(ctx context.Context, plan string, epoch int64, turned bool) (bool, error)
}

// Kind acts on the ledger alone.
type Kind struct{ ledger Ledger }

// New turns what the ledger says.
func New(ledger Ledger) *Kind { return &Kind{ledger} }

// Check finds nothing in the way: the step asks AWS for nothing but the ledger,
// which whoever asks has just read.
func (k *Kind) Check(context.Context, step.Run, plan.ResumeProtection) ([]string, error) {
	return nil, nil
}

// Advance turns protection round.
func (k *Kind) Advance(ctx context.Context, r step.Run, _ plan.ResumeProtection) (step.Progress, error) {
	if r.Drill != nil {
		return step.Nothing("left out in a drill: the primary goes on being protected"), nil
	}
	if _, err := k.ledger.Turn(ctx, r.Plan, r.Epoch, true); err != nil {
		return step.Progress{}, fmt.Errorf("turn protection round: %w", err)
	}
	return step.Nothing("recovery points are taken in " + r.Recovery + " from now on"), nil
}

// Undo turns it back.
func (k *Kind) Undo(ctx context.Context, r step.Run, _ plan.ResumeProtection) (step.Progress, error) {
	if r.Drill != nil {
		return step.Nothing("a drill turns nothing round"), nil
	}
	if _, err := k.ledger.Turn(ctx, r.Plan, r.Epoch, false); err != nil {
		return step.Progress{}, fmt.Errorf("turn protection back: %w", err)
	}
	return step.Nothing("protection goes the way it went before the run"), nil
}
