package shifttraffic

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/route53recoverycluster/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// controls are the states of a plan's two routing controls.
type controls struct{ primary, recovery types.RoutingControlState }

func (c controls) String() string { return string(c.primary) + "/" + string(c.recovery) }

// on is how the controls are when everybody is on one side.
func on(side run.Side) controls {
	if side == run.PrimarySide {
		return controls{types.RoutingControlStateOn, types.RoutingControlStateOff}
	}
	return controls{types.RoutingControlStateOff, types.RoutingControlStateOn}
}

// before is the step's output that tells how the controls were, primary first. The
// step is done in the same look as it changes them, so that the journal knows: ARC's
// data plane has nowhere to write it down.
const before = "before"

// switchOver turns the side that is recovered on and the other off, both in one
// call. Safety rules are never overridden: what one refuses, a person may allow.
// https://docs.aws.amazon.com/routing-control/latest/APIReference/API_UpdateRoutingControlStates.html
func (k *Kind) switchOver(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (step.Progress, error) {
	to, _ := sides(r)
	now, err := k.states(ctx, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	if now == on(to) {
		return step.Progress{Done: true, Detail: fmt.Sprintf("the routing controls of %s are %s (primary/recovery)", spec.Record, now), Outputs: r.Outputs[r.Step]}, nil
	}
	if err := k.set(ctx, r, spec, on(to)); err != nil {
		return step.Progress{}, err
	}
	return step.Progress{
		Done: true, Detail: fmt.Sprintf("the routing controls of %s are %s (primary/recovery); before: %s", spec.Record, on(to), now),
		Outputs: map[string]string{before: now.String()},
	}, nil
}

// switchBack sets the controls to what the journal says that they were. When the
// step died between ARC's answer and its entry, the journal does not know: the
// controls go to where they are at rest, and a person is told.
func (k *Kind) switchBack(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (step.Progress, error) {
	to, from := sides(r)
	now, err := k.states(ctx, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	back := on(from)
	primary, recovery, known := strings.Cut(r.Outputs[r.Step][before], "/")
	if known {
		back = controls{types.RoutingControlState(primary), types.RoutingControlState(recovery)}
	}
	switch {
	case now == back:
		return step.Nothing(fmt.Sprintf("the routing controls of %s are %s (primary/recovery)", spec.Record, now)), nil
	case !known && (r.Ended || now != on(to)):
		return step.Nothing("the routing controls of " + spec.Record + " were not changed"), nil
	}
	if err := k.set(ctx, r, spec, back); err != nil {
		return step.Progress{}, err
	}
	progress := step.Progress{Done: true, Detail: fmt.Sprintf("the routing controls of %s are %s (primary/recovery) again", spec.Record, back)}
	if !known {
		progress.Left = fmt.Sprintf("The routing controls of %s are %s (primary/recovery) again, but whether both were on before the run is not known: turn the other on too if both sides served.", spec.Record, back)
	}
	return progress, nil
}
