package rehearsal

import (
	"context"
	"time"

	"github.com/pilotlight/pilotlight/pkg/report"
)

// Simulate keeps a simulated AWS with the plan deployed, its application built
// and one generation of recovery points, until ctx ends. It calls ready with the
// endpoint for SDKs once all of it is there, and tells of every run that
// somebody starts. It strikes nothing.
func Simulate(ctx context.Context, o Options, ready func(endpoint string) error) error {
	r, err := start(ctx, o)
	if err != nil {
		return err
	}
	return r.end(r.play(r.build, r.watch, r.protectOnce, func(ctx context.Context) error {
		if err := ready(r.cloud.Front.URL()); err != nil {
			return err
		}
		r.Say("ready, until Ctrl-C: time passes, schedules fire, and nothing is struck")
		return r.follow(ctx)
	}))
}

func (r *rehearsal) protectOnce(ctx context.Context) error {
	r.Say("protecting: recovery points, one generation")
	return r.generation(ctx, 1)
}

// follow tells of every run that somebody starts, for as long as ctx lasts.
func (r *rehearsal) follow(ctx context.Context) error {
	const pause = 30 * time.Second // half a second of real time
	for {
		state, _, err := r.ledger.State(ctx, r.Plan.Name)
		if err != nil {
			return err
		}
		if state.Run != r.record.State.Run {
			r.episode = episode{on: r.Plan.On(state.Mode.Course()), epoch: state.Epoch - 1, said: map[string]report.Outcome{}}
		}
		if state.Run != "" {
			if err := r.look(ctx); err != nil {
				return err
			}
		}
		if err := r.cloud.Clock.Wait(ctx, pause); err != nil {
			return err
		}
	}
}
