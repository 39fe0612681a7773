// Package shifttraffic is the step kind shift-traffic: it moves users to the side
// that the run recovers, in one of four ways.
//
//	health-check     the ledger says which side serves; a metric follows it, and
//	                 the record's health check follows the metric
//	weights          the weights of two records of one name
//	cname            where a name leads
//	routing-control  two routing controls of an ARC cluster
//
// It guarantees that no older run wins over a newer one. The ledger write of
// health-check is conditional on the run's epoch. A record is changed in one batch
// with a TXT record beside it, which carries the epoch and how the record was: the
// batch deletes that TXT record as it was read, so that it fails as a whole when
// another run was faster. Health-check and routing-control use data planes alone;
// the two that change records need Route 53's control plane in us-east-1.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
package shifttraffic

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Ledger is the part of the ledger that this step needs.
type Ledger interface {
	// Shift says which side serves the plan, if epoch still holds its lock; else
	// it answers a permanent error and changes nothing. Changed is false when the
	// side was that already.
	Shift(ctx context.Context, plan string, epoch int64, to run.Side) (changed bool, err error)
}

// api is what this step calls beside the ledger and ARC's cluster, and so what its
// role is granted.
type api interface {
	GetMetricStatistics(context.Context, *cloudwatch.GetMetricStatisticsInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error)
}

type zones interface {
	ListResourceRecordSets(context.Context, *route53.ListResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error)
	ChangeResourceRecordSets(context.Context, *route53.ChangeResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error)
	GetChange(context.Context, *route53.GetChangeInput, ...func(*route53.Options)) (*route53.GetChangeOutput, error)
}

// Kind acts from the region that Pilotlight lives in, whichever way users are moved.
type Kind struct {
	ledger  Ledger
	metrics api
	zones   zones
	cluster func(plan.RoutingEndpoint) cluster
}

// New acts from the region of cfg, which is the plan's recovery region.
func New(cfg aws.Config, ledger Ledger) *Kind {
	return &Kind{ledger, cloudwatch.NewFromConfig(cfg), route53.NewFromConfig(cfg), clusters(cfg)}
}

// sides are the one that a run moves users to and the one that it takes them from.
// A failback goes the other way round.
func sides(r step.Run) (to, from run.Side) {
	if r.Mode == run.Failback {
		return run.PrimarySide, run.RecoverySide
	}
	return run.RecoverySide, run.PrimarySide
}

// Advance moves the users, and waits until that has arrived everywhere.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (step.Progress, error) {
	to, _ := sides(r)
	switch {
	case r.Mode == run.Repair && spec.Via != plan.ViaCNAME: // which leads to what was repaired
		return step.Progress{}, step.Permanent("a repair moves no users between regions: write \"cname\", where a name leads to what was repaired, or take shift-traffic out of the plan's \"repair\"")
	case r.Drill != nil && spec.DrillRecord == "":
		return step.Progress{Done: true, Detail: "left out in a drill: users stay where they are, and the plan names no drill-record"}, nil
	}
	switch spec.Via {
	case plan.ViaHealthCheck:
		return k.shift(ctx, r, spec, to)
	case plan.ViaWeights, plan.ViaCNAME:
		return k.move(ctx, r, spec)
	case plan.ViaRoutingControl:
		return k.switchOver(ctx, r, spec)
	}
	return step.Progress{}, unknown(spec.Via)
}

// Undo moves the users back to where they were before the run.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (step.Progress, error) {
	_, from := sides(r)
	if r.Drill != nil && spec.DrillRecord == "" {
		return step.Nothing("the drill left it out"), nil
	}
	switch spec.Via {
	case plan.ViaHealthCheck:
		return k.shift(ctx, r, spec, from)
	case plan.ViaWeights, plan.ViaCNAME:
		return k.moveBack(ctx, r, spec)
	case plan.ViaRoutingControl:
		return k.switchBack(ctx, r, spec)
	}
	return step.Progress{}, unknown(spec.Via)
}

// Check looks at what the step would change: none of these calls has a dry run.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.ShiftTraffic) ([]string, error) {
	switch spec.Via {
	case plan.ViaHealthCheck:
		return k.checkMetric(ctx, r)
	case plan.ViaWeights, plan.ViaCNAME:
		return k.checkRecords(ctx, r, spec)
	case plan.ViaRoutingControl:
		return k.checkControls(ctx, r, spec)
	}
	return nil, unknown(spec.Via)
}

func unknown(via plan.Via) error {
	return step.Permanent("shift-traffic knows no way %q: write %q, %q, %q or %q in the plan",
		via, plan.ViaHealthCheck, plan.ViaWeights, plan.ViaCNAME, plan.ViaRoutingControl)
}
