package cloud

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
)

// logs is who puts metrics that were embedded in logs, in the audit: on AWS it is
// CloudWatch Logs, and no role of a function's is asked.
const logs = "cloudwatch-logs"

// backlog is how many lines with metrics may wait to be put.
const backlog = 1000

// embedded are the metrics of one line.
type embedded struct {
	region  string
	metrics []lambdahost.Metric
}

// note takes the metrics of a line that a function wrote. It does not wait: a
// function is not held up by what becomes of its log.
func (c *Cloud) note(region string, metrics []lambdahost.Metric) {
	select {
	case c.metrics <- embedded{region, metrics}:
	default:
		c.log.Error("metrics dropped: too many wait", "region", region)
	}
}

// keepMetrics puts what was embedded into CloudWatch, one line after the other.
func (c *Cloud) keepMetrics(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case line := <-c.metrics:
			if err := c.put(ctx, line); err != nil && ctx.Err() == nil {
				c.log.Error("metrics not put", "region", line.region, "err", err)
			}
		}
	}
}

func (c *Cloud) put(ctx context.Context, line embedded) error {
	watch := cloudwatch.NewFromConfig(c.As(logs, line.region))
	for _, m := range line.metrics {
		datum := types.MetricDatum{
			MetricName: aws.String(m.Name), Timestamp: aws.Time(m.At), Values: m.Values, Unit: types.StandardUnit(m.Unit),
		}
		if len(m.Values) == 1 {
			datum.Value, datum.Values = aws.Float64(m.Values[0]), nil
		}
		for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
			datum.Dimensions = append(datum.Dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(m.Dimensions[name])})
		}
		if _, err := watch.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
			Namespace: aws.String(m.Namespace), MetricData: []types.MetricDatum{datum},
		}); err != nil {
			return err
		}
	}
	return nil
}
