package createreplica

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// recent is how far back the metric is looked for. RDS sends it every minute.
const recent = 15 * time.Minute

// behind is the newest ReplicaLag, or why there is none. MySQL and MariaDB report
// -1 while replication does not run; PostgreSQL the age of the last transaction that
// was replayed, up to five minutes for a source that nobody writes to.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.Replication.ReadReplicas.Monitor.html
func (s seats) behind(ctx context.Context, replica string, now time.Time) (behind time.Duration, why string, err error) {
	out, err := s.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/RDS"), MetricName: aws.String("ReplicaLag"),
		Dimensions: []types.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String(replica)}},
		StartTime:  aws.Time(now.Add(-recent)), EndTime: aws.Time(now), Period: aws.Int32(60),
		Statistics: []types.Statistic{types.StatisticMaximum, types.StatisticMinimum},
	})
	if err != nil {
		return 0, "", fmt.Errorf("read the lag of %s: %w", replica, err)
	}
	if len(out.Datapoints) == 0 {
		return 0, fmt.Sprintf("replica %s has sent no ReplicaLag in %s", replica, recent), nil
	}
	newest := slices.MaxFunc(out.Datapoints, func(a, b types.Datapoint) int { return aws.ToTime(a.Timestamp).Compare(aws.ToTime(b.Timestamp)) })
	if aws.ToFloat64(newest.Minimum) < 0 {
		return 0, fmt.Sprintf("replica %s says that its replication does not run (ReplicaLag -1)", replica), nil
	}
	return time.Duration(aws.ToFloat64(newest.Maximum) * float64(time.Second)), "", nil
}
