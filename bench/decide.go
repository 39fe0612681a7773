package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/triggers"
)

// decisions measures on the simulated AWS what comes of a thousand triggers of one
// disaster, by three ways at once, while decide-failover dies at its calls; how long the
// function takes from its cold start until the execution is there; and what functions
// have in memory. It is this machine's time, and AWS's answers are the simulator's.
func decisions(out figures) error {
	ctx := context.Background()
	root, err := repository.Root()
	if err != nil {
		return err
	}
	calm, err := triggers.Open(ctx, root)
	if err != nil {
		return err
	}
	took, err := calm.Start(ctx)
	if err != nil {
		return errors.Join(err, calm.Close())
	}
	memory, err := triggers.Memory()
	if err = errors.Join(err, calm.Close()); err != nil {
		return err
	}
	out.set("decide.startSeconds", math.Round(1000*took.Seconds())/1000)
	most := 0.0
	for _, mib := range memory {
		most = max(most, mib)
	}
	out.set("decide.memoryMiB", math.Round(10*most)/10)

	stormy, err := triggers.Open(ctx, root)
	if err != nil {
		return err
	}
	err = stormy.Fire(ctx, 1000)
	var o triggers.Outcome
	if err == nil {
		o, err = stormy.Settle(ctx)
	}
	if err = errors.Join(err, stormy.Close()); err != nil {
		return err
	}
	out.set("decide.triggers", o.Triggers)
	out.set("decide.executions", o.Executions)
	out.set("decide.died", o.Died)
	if o.Executions != 1 || o.Started != 1 {
		return fmt.Errorf("%d triggers led to %d executions and %d entries", o.Triggers, o.Executions, o.Started)
	}
	return nil
}
