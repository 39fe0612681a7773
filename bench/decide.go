package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/triggers"
)

// decisions measures what deciding takes, what comes of two deciders that look at the
// same moment, and of a thousand triggers of one disaster: by three ways at once, while
// decide-failover dies at its calls.
func decisions(out figures) error {
	if err := errors.Join(starts(out), races(out)); err != nil {
		return err
	}
	return staged(func(ctx context.Context, s *triggers.Stage) error {
		if err := s.Fire(ctx, 1000); err != nil {
			return err
		}
		o, err := s.Settle(ctx)
		if err != nil {
			return err
		}
		out.set("decide.triggers", o.Triggers)
		out.set("decide.looks", o.Looks)
		out.set("decide.died", o.Died)
		out.set("decide.executions", o.Executions)
		if o.Executions != 1 || o.Started != 1 || o.Dead != "0+0" {
			return fmt.Errorf("%d triggers led to %d executions and %d entries, and %s messages are dead", o.Triggers, o.Executions, o.Started, o.Dead)
		}
		return nil
	})
}

// races counts the executions that a hundred disasters led to, each seen by two deciders
// at once.
func races(out figures) error {
	return staged(func(ctx context.Context, s *triggers.Stage) error {
		o, err := s.Race(ctx, 100)
		if err != nil {
			return err
		}
		executions := o.Executions - 1 // the first run is no race
		out.set("decide.races", 100)
		out.set("decide.racesLost", o.Lost)
		out.set("decide.raceExecutions", executions)
		if executions != 100 || o.Started != o.Executions {
			return fmt.Errorf("100 races led to %d executions; with the run before them there are %d entries", executions, o.Started)
		}
		return nil
	})
}

// starts is the median and the worst of five disasters: from the cold start of
// decide-failover to its answer, when the execution is there. It is this machine's time,
// and the simulator's own is in it. Memory is the most that a function of them had.
func starts(out figures) error {
	var took []time.Duration
	most := 0.0
	for range 5 {
		err := staged(func(ctx context.Context, s *triggers.Stage) error {
			one, err := s.Start(ctx)
			if err != nil {
				return err
			}
			took = append(took, one)
			memory, err := triggers.Memory()
			for _, mib := range memory {
				most = max(most, mib)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(took)
	out.set("decide.startSeconds", math.Round(1000*took[len(took)/2].Seconds())/1000)
	out.set("decide.startSecondsWorst", math.Round(1000*took[len(took)-1].Seconds())/1000)
	out.set("decide.memoryMiB", math.Round(10*most)/10)
	return nil
}

// staged deploys the plan anew, and takes it away.
func staged(do func(context.Context, *triggers.Stage) error) (err error) {
	root, err := repository.Root()
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := triggers.Open(ctx, root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(ctx, s)
}
