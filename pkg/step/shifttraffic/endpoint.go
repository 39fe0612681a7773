package shifttraffic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	arc "github.com/aws/aws-sdk-go-v2/service/route53recoverycluster"
	"github.com/aws/aws-sdk-go-v2/service/route53recoverycluster/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// cluster is one endpoint of an ARC cluster: a data plane in five regions, of which
// any may be gone.
// https://docs.aws.amazon.com/r53recovery/latest/dg/route53-arc-best-practices.regional.html
type cluster interface {
	GetRoutingControlState(context.Context, *arc.GetRoutingControlStateInput, ...func(*arc.Options)) (*arc.GetRoutingControlStateOutput, error)
	UpdateRoutingControlStates(context.Context, *arc.UpdateRoutingControlStatesInput, ...func(*arc.Options)) (*arc.UpdateRoutingControlStatesOutput, error)
}

// patience bounds a call to one endpoint: five that hang, for both calls of a look,
// still fit into the function's minute.
const patience = 5 * time.Second

// clusters reaches an endpoint in its own region, which the signature names. It does
// not try again: the next endpoint does.
func clusters(cfg aws.Config) func(plan.RoutingEndpoint) cluster {
	return func(at plan.RoutingEndpoint) cluster {
		return arc.NewFromConfig(cfg, func(o *arc.Options) {
			o.Region, o.BaseEndpoint, o.Retryer = at.Region, aws.String(at.URL), aws.NopRetryer{}
		})
	}
}

// any asks one endpoint after the other until one answers, those in the region that
// is left last. An answer ends it, also one that refuses: every endpoint would.
func (k *Kind) any(ctx context.Context, r step.Run, spec plan.ShiftTraffic, ask func(context.Context, cluster) error) error {
	endpoints := slices.Clone(spec.Endpoints)
	slices.SortStableFunc(endpoints, func(a, b plan.RoutingEndpoint) int {
		return lastIf(a.Region == r.Primary) - lastIf(b.Region == r.Primary)
	})
	var silent []error
	for _, at := range endpoints {
		err := k.one(ctx, at, ask)
		if err == nil || slices.Contains(refused, failure.Code(err)) || ctx.Err() != nil {
			return err
		}
		silent = append(silent, fmt.Errorf("%s: %w", at.Region, err))
	}
	return fmt.Errorf("no endpoint of the ARC cluster answers: %w", errors.Join(silent...))
}

func lastIf(last bool) int {
	if last {
		return 1
	}
	return 0
}

func (k *Kind) one(ctx context.Context, at plan.RoutingEndpoint, ask func(context.Context, cluster) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return ask(ctx, k.cluster(at))
}

// refused are ARC's answers that every endpoint would give. Whatever else goes wrong
// is this endpoint's trouble.
// https://docs.aws.amazon.com/routing-control/latest/APIReference/API_UpdateRoutingControlStates.html
var refused = []string{
	"AccessDeniedException", "ConflictException", "ResourceNotFoundException", "ServiceLimitExceededException", "ValidationException",
}

func (k *Kind) states(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (controls, error) {
	var now controls
	err := k.any(ctx, r, spec, func(ctx context.Context, at cluster) error {
		primary, err := state(ctx, at, spec.PrimaryControl)
		if err != nil {
			return err
		}
		recovery, err := state(ctx, at, spec.RecoveryControl)
		now = controls{primary, recovery}
		return err
	})
	return now, err
}

func state(ctx context.Context, at cluster, control string) (types.RoutingControlState, error) {
	out, err := at.GetRoutingControlState(ctx, &arc.GetRoutingControlStateInput{RoutingControlArn: aws.String(control)})
	if err != nil {
		return "", fmt.Errorf("look at routing control %s: %w", control, err)
	}
	return out.RoutingControlState, nil
}

// set turns both controls in one call, which ARC carries out as a whole or not at all.
func (k *Kind) set(ctx context.Context, r step.Run, spec plan.ShiftTraffic, to controls) error {
	return k.any(ctx, r, spec, func(ctx context.Context, at cluster) error {
		_, err := at.UpdateRoutingControlStates(ctx, &arc.UpdateRoutingControlStatesInput{UpdateRoutingControlStateEntries: []types.UpdateRoutingControlStateEntry{
			{RoutingControlArn: aws.String(spec.PrimaryControl), RoutingControlState: to.primary},
			{RoutingControlArn: aws.String(spec.RecoveryControl), RoutingControlState: to.recovery},
		}})
		if err != nil {
			return fmt.Errorf("turn the routing controls of %s: %w", spec.Record, err)
		}
		return nil
	})
}

// checkControls asks every endpoint: on the day, some of them are gone.
func (k *Kind) checkControls(ctx context.Context, _ step.Run, spec plan.ShiftTraffic) ([]string, error) {
	var problems []string
	for _, at := range spec.Endpoints {
		for _, control := range []string{spec.PrimaryControl, spec.RecoveryControl} {
			err := k.one(ctx, at, func(ctx context.Context, c cluster) error {
				_, err := state(ctx, c, control)
				return err
			})
			if err != nil {
				problems = append(problems, fmt.Sprintf("The ARC endpoint in %s (%s) does not tell the state of a routing control: %v.", at.Region, at.URL, err))
				break
			}
		}
	}
	return problems, nil
}
