// Package shifttraffic is the step kind shift-traffic, via "health-check": it
// writes into the ledger that the recovery side serves, then waits until the
// publisher has turned that into the metric that the record's health check
// follows.
//
// It guarantees that only the run which holds the plan's lock shifts, because
// the ledger write is conditional on the run's epoch. It uses data planes alone
// and touches no DNS record: Route 53's control plane lives in us-east-1.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
package shifttraffic

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture"
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

// api is what this step calls beside the ledger, and so what its role is granted.
type api interface {
	GetMetricStatistics(context.Context, *cloudwatch.GetMetricStatisticsInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error)
}

// Kind acts in one region.
type Kind struct {
	ledger  Ledger
	metrics api
}

// New acts in the region of cfg, which is the recovery region.
func New(cfg aws.Config, ledger Ledger) *Kind {
	return &Kind{ledger, cloudwatch.NewFromConfig(cfg)}
}

// Advance shifts, then looks whether the metric followed.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.ShiftTraffic) (step.Progress, error) {
	if spec.Via != plan.ViaHealthCheck {
		return step.Progress{}, step.Permanent("shift-traffic knows no way %q: write %q in the plan", spec.Via, plan.ViaHealthCheck)
	}
	if _, err := k.ledger.Shift(ctx, r.Plan, r.Epoch, run.RecoverySide); err != nil {
		return step.Progress{}, fmt.Errorf("shift %s: %w", spec.Record, err)
	}
	newest, ok, err := k.newest(ctx, r)
	if err != nil {
		return step.Progress{}, err
	}
	if !ok || aws.ToFloat64(newest.Minimum) != posture.RecoveryValue {
		return step.Progress{Detail: fmt.Sprintf("the ledger sends %s to %s; the metric does not say so yet", spec.Record, r.Recovery)}, nil
	}
	return step.Progress{
		Done:   true,
		Detail: fmt.Sprintf("%s goes to %s: the metric has said so since at most %s", spec.Record, r.Recovery, aws.ToTime(newest.Timestamp).UTC().Format(time.RFC3339)),
	}, nil
}

// newest is the last minute's datapoint since the step began. A datapoint carries
// the start of its minute, so the minute that the step began in is included: the
// publisher writes 1 until the shift, and a 0 of an earlier run is at least one
// failback older. The minimum of a minute that saw both is 0: the shift is out.
// Datapoints come in no order.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (k *Kind) newest(ctx context.Context, r step.Run) (types.Datapoint, bool, error) {
	out, err := k.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace:  aws.String(posture.Namespace(r.Plan)),
		MetricName: aws.String(posture.Metric),
		StartTime:  aws.Time(start(r)),
		EndTime:    aws.Time(r.Now.Truncate(time.Minute).Add(time.Minute)), // exclusive
		Period:     aws.Int32(int32(time.Minute / time.Second)),
		Statistics: []types.Statistic{types.StatisticMinimum},
	})
	if err != nil {
		return types.Datapoint{}, false, fmt.Errorf("read the metric %s: %w", posture.Namespace(r.Plan), err)
	}
	var newest types.Datapoint
	for _, point := range out.Datapoints {
		if newest.Timestamp == nil || aws.ToTime(point.Timestamp).After(*newest.Timestamp) {
			newest = point
		}
	}
	return newest, newest.Timestamp != nil, nil
}

// start is the minute that the step began in, but no more than reach ago: a call
// answers 1,440 datapoints at most, and only the newest decides.
func start(r step.Run) time.Time {
	const reach = 12 * time.Hour
	began := r.Began
	if oldest := r.Now.Add(-reach); began.Before(oldest) {
		began = oldest
	}
	return began.Truncate(time.Minute)
}
