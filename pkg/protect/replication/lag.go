package replication

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// What AWS publishes about replication, one value a minute.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
const (
	latency = "ReplicationLatency" // seconds in S3, milliseconds in DynamoDB
	pending = "OperationsPendingReplication"
	failed  = "OperationsFailedReplication"
)

// resolution is that of the metrics, lately how old the newest value may be:
// they are delivered with best effort, a few minutes late.
const (
	resolution = time.Minute
	lately     = time.Hour
)

// series is one metric of one thing.
type series struct {
	namespace, name, statistic string
	period                     time.Duration
	dimensions                 []types.Dimension
}

// value is one of a series. At is the beginning of its period.
type value struct {
	At     time.Time
	Amount float64
}

// read gets the values since a time of several series, newest first, in one call.
// A series without any has none in the answer.
func read(ctx context.Context, region metrics, since, now time.Time, all ...series) ([][]value, error) {
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(since), EndTime: aws.Time(now), ScanBy: types.ScanByTimestampDescending}
	for i, s := range all {
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String("m" + strconv.Itoa(i)),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String(s.namespace), MetricName: aws.String(s.name), Dimensions: s.dimensions},
				Period: aws.Int32(int32(s.period / time.Second)), Stat: aws.String(s.statistic),
			},
		})
	}
	values := make([][]value, len(all))
	pages := cloudwatch.NewGetMetricDataPaginator(region, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the metric %s: %w", all[0].name, err)
		}
		for _, result := range page.MetricDataResults {
			i, err := strconv.Atoi(aws.ToString(result.Id)[1:])
			if err != nil {
				return nil, fmt.Errorf("read the metric %s: %w", all[0].name, err)
			}
			for n, at := range result.Timestamps {
				values[i] = append(values[i], value{at, result.Values[n]})
			}
		}
	}
	return values, nil
}

func dimension(name, value string) types.Dimension {
	return types.Dimension{Name: aws.String(name), Value: aws.String(value)}
}
