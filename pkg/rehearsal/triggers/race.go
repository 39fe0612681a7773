package triggers

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Race sets two deciders off at the same moment, as often as asked: each time in standby,
// with all alarms in ALARM, and with nothing of the run before under way. The first run
// is no race: the alarms' own events start it.
func (s *Stage) Race(ctx context.Context, times int) (Outcome, error) {
	if err := s.disaster(ctx); err != nil {
		return Outcome{}, err
	}
	for range times {
		if err := s.back(ctx); err != nil {
			return Outcome{}, err
		}
		var pair sync.WaitGroup
		for range 2 {
			pair.Go(func() { s.note(s.look(ctx)) })
		}
		pair.Wait()
		if s.problem != nil {
			return Outcome{}, s.problem
		}
	}
	if _, _, err := s.active(ctx); err != nil {
		return Outcome{}, err
	}
	return s.outcome(ctx)
}

// look is a tick's, without the minute.
func (s *Stage) look(ctx context.Context) error {
	answer := s.Host.Invoke(ctx, decider, s.tick, false)
	if answer.FunctionError != "" {
		return fmt.Errorf("tick: %s", answer.Payload)
	}
	if strings.Contains(string(answer.Payload), "another decision was first") {
		s.lost.Add(1)
	}
	return nil
}

// active waits for the end of the run, and for all who look at it.
func (s *Stage) active(ctx context.Context) (state run.State, now time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if state, now, err = ledger.New(s.As("auditor", west)).State(ctx, shop); err != nil {
			return state, now, fmt.Errorf("wait for the end of a run: %w", err)
		}
		if state.Posture == run.Active && s.Host.InFlight() == 0 {
			return state, now, nil
		}
		if err := s.Clock.Wait(ctx, time.Second); err != nil {
			return state, now, fmt.Errorf("the plan is %s, and not active: %w", state.Posture, err)
		}
	}
}

// back lets a failback happen, in the ledger alone.
func (s *Stage) back(ctx context.Context) error {
	state, now, err := s.active(ctx)
	if err != nil {
		return err
	}
	home, err := state.Start(run.Order{Mode: run.Failback, Reason: "the next race"}, now)
	if err != nil {
		return err
	}
	if home, err = home.Opened().Closed(run.Recovered, now); err != nil {
		return err
	}
	return ledger.New(s.As("auditor", west)).Swap(ctx, state, home)
}
