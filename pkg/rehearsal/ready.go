package rehearsal

import (
	"context"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Steps are checked in rounds, counted from when their schedules were made. A check
// reads metrics of the last minutes, which a jump over idle time has none of: a round
// that counts is played from minutes before it until minutes after.
const (
	beforeRound = 6 * time.Minute
	afterRound  = 2 * time.Minute
	// settleWithin is how long the checks of a round may take.
	settleWithin = 10 * time.Minute
)

// roundBefore is the last round of checks until a moment.
func (r *rehearsal) roundBefore(moment time.Time) time.Time {
	return r.scheduled.Add(moment.Sub(r.scheduled).Truncate(blueprint.CheckEvery))
}

// toRound is how far to jump to be shortly before a round, at least as far as asked.
func (r *rehearsal) toRound(atLeast time.Duration) time.Duration {
	now := r.cloud.Clock.Now()
	next := r.roundBefore(now.Add(atLeast + beforeRound)).Add(blueprint.CheckEvery)
	return next.Add(-beforeRound).Sub(now)
}

// lastRound plays the last round of checks before a moment, as it is in calm weather, and
// goes on to that moment; or plays the next round when the moment is over.
func (r *rehearsal) lastRound(ctx context.Context, moment time.Time) error {
	clock := r.cloud.Clock
	round := r.roundBefore(moment)
	if !moment.After(clock.Now()) {
		round = r.roundBefore(clock.Now()).Add(blueprint.CheckEvery)
	}
	if err := clock.Jump(round.Add(-beforeRound).Sub(clock.Now())); err != nil {
		return err
	}
	if err := clock.Wait(ctx, max(0, round.Add(afterRound).Sub(clock.Now()))); err != nil {
		return err
	}
	if _, err := r.within(ctx, settleWithin, func(context.Context) (bool, error) { return r.cloud.Settled(), nil }); err != nil {
		return err
	}
	return clock.Jump(moment.Sub(clock.Now()))
}

// ready tells which steps of the run to come would not work by the word of their
// checks. Nothing has happened yet, so either a check is wrong about a step that works,
// or the plan is.
func (r *rehearsal) ready(ctx context.Context) error {
	if r.epoch > 0 || r.Unprotected { // a step is checked for where the plan's first run finds things
		return nil
	}
	checked, _, err := r.ledger.Readiness(ctx, r.Plan.Name)
	if err != nil {
		return err
	}
	of := map[string]run.Readiness{}
	for _, ready := range checked {
		if ready.Course == r.scenario.mode.Course() {
			of[ready.Step] = ready
		}
	}
	for step := range r.on.Steps() {
		switch ready, ok := of[step.ID]; {
		case !ok:
			r.problem("Step %s was never checked.", step.ID)
		case len(ready.Problems) > 0:
			r.problem("The check of step %s found, before anything had happened: %s", step.ID, strings.Join(ready.Problems, "; "))
		}
	}
	return nil
}
