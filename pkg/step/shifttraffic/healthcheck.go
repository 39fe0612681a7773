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

// shift writes into the ledger which side serves, then looks whether the metric
// that the record's health check follows says so.
func (k *Kind) shift(ctx context.Context, r step.Run, spec plan.ShiftTraffic, to run.Side) (step.Progress, error) {
	if _, err := k.ledger.Shift(ctx, r.Plan, r.Epoch, to); err != nil {
		return step.Progress{}, fmt.Errorf("shift %s: %w", spec.Record, err)
	}
	newest, ok, err := k.newest(ctx, r.Plan, start(r), r.Now)
	if err != nil {
		return step.Progress{}, err
	}
	if !ok || aws.ToFloat64(newest.Minimum) != posture.Value(to) {
		return step.Pending(fmt.Sprintf("the ledger sends %s to the %s side; the metric does not say so yet", spec.Record, to)), nil
	}
	return step.Progress{
		Done:   true,
		Detail: fmt.Sprintf("%s goes to the %s side: the metric has said so since at most %s", spec.Record, to, aws.ToTime(newest.Timestamp).UTC().Format(time.RFC3339)),
	}, nil
}

// silence is how long the metric may be without a datapoint before something is
// wrong with its publisher, which writes one a minute.
const silence = 5 * time.Minute

func (k *Kind) checkMetric(ctx context.Context, r step.Run) ([]string, error) {
	_, ok, err := k.newest(ctx, r.Plan, r.Now.Add(-silence).Truncate(time.Minute), r.Now)
	if err != nil || ok {
		return nil, err
	}
	return []string{fmt.Sprintf("The metric %s %s, which moves the users, has no datapoint of the last %s: see whether the schedule of publish-posture is on.",
		posture.Namespace(r.Plan), posture.Metric, silence)}, nil
}

// newest is the last minute's datapoint since the step began. A datapoint carries
// the start of its minute, so the minute that the step began in is included: on the
// way out the publisher writes 1 until the shift, and a 0 of an earlier run is at
// least one failback older. The minimum of a minute that saw both is 0: a shift out
// is seen in its own minute, and one back in the minute after. Datapoints come in no
// order.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (k *Kind) newest(ctx context.Context, plan string, since, now time.Time) (types.Datapoint, bool, error) {
	out, err := k.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace:  aws.String(posture.Namespace(plan)),
		MetricName: aws.String(posture.Metric),
		StartTime:  aws.Time(since),
		EndTime:    aws.Time(now.Truncate(time.Minute).Add(time.Minute)), // exclusive
		Period:     aws.Int32(int32(time.Minute / time.Second)),
		Statistics: []types.Statistic{types.StatisticMinimum},
	})
	if err != nil {
		return types.Datapoint{}, false, fmt.Errorf("read the metric %s: %w", posture.Namespace(plan), err)
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
