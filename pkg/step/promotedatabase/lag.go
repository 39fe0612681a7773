package promotedatabase

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/step"
)

// lag is how far a replica was behind its source, at some minute.
type lag struct {
	at      time.Time // zero: CloudWatch does not know
	behind  time.Duration
	stopped bool
}

// recent is how far back the metric is looked for. RDS sends it every minute.
const recent = 15 * time.Minute

// lag reads the newest minute of ReplicaLag. MySQL and MariaDB report -1 when
// replication does not run.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_MySQL.Replication.ReadReplicas.html
func (k *Kind) lag(ctx context.Context, name string, now time.Time) (lag, error) {
	return k.newest(ctx, "ReplicaLag", []cw.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String(name)}}, time.Second, now)
}

// newest reads the newest minute of a metric that counts in this unit.
func (k *Kind) newest(ctx context.Context, metric string, of []cw.Dimension, unit time.Duration, now time.Time) (lag, error) {
	out, err := k.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/RDS"), MetricName: aws.String(metric), Dimensions: of,
		StartTime: aws.Time(now.Add(-recent)), EndTime: aws.Time(now), Period: aws.Int32(60),
		Statistics: []cw.Statistic{cw.StatisticMaximum, cw.StatisticMinimum},
	})
	if err != nil {
		return lag{}, fmt.Errorf("read %s of %s: %w", metric, aws.ToString(of[0].Value), err)
	}
	if len(out.Datapoints) == 0 {
		return lag{}, nil
	}
	newest := slices.MaxFunc(out.Datapoints, func(a, b cw.Datapoint) int { return aws.ToTime(a.Timestamp).Compare(aws.ToTime(b.Timestamp)) })
	return lag{
		at:      aws.ToTime(newest.Timestamp),
		behind:  time.Duration(aws.ToFloat64(newest.Maximum) * float64(unit)),
		stopped: aws.ToFloat64(newest.Minimum) < 0,
	}, nil
}

// has says whether everything written before a moment had arrived. It does not wait
// for a lag of 0: PostgreSQL's is the age of the last transaction that was replayed,
// which grows while a fenced source writes nothing.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.Replication.ReadReplicas.Monitor.html
func (l lag) has(moment time.Time) bool {
	return !l.at.IsZero() && !l.stopped && !l.at.Add(-l.behind).Before(moment)
}

// behind is what a graceful promotion waits for; empty: the replica has all that
// was written before the fence, or before the step when nothing was fenced.
func (k *Kind) behind(ctx context.Context, r step.Run, db *types.DBInstance) (string, error) {
	name, since := aws.ToString(db.DBInstanceIdentifier), r.Fenced
	if since.IsZero() {
		since = r.Began
	}
	if why := halted(db); why != "" {
		return "", step.Permanent("replica %s does not follow its source (%s): mend its replication and retry, or go on unplanned and lose what it lacks", name, why)
	}
	now, err := k.lag(ctx, name, r.Now)
	switch {
	case err != nil:
		return "", err
	case now.at.IsZero():
		return fmt.Sprintf("replica %s has sent no ReplicaLag in %s; waiting until it has all of %s", name, recent, since.Format(time.TimeOnly)), nil
	case now.stopped:
		return fmt.Sprintf("replica %s says that its replication has stopped (ReplicaLag -1)", name), nil
	case !now.has(since):
		return fmt.Sprintf("replica %s was %s behind at %s; waiting until it has all of %s", name, now.behind, now.at.Format(time.TimeOnly), since.Format(time.TimeOnly)), nil
	}
	return "", nil
}

// halted is what RDS says of a replication that is broken for good; empty: nothing.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceStatusInfo.html
func halted(db *types.DBInstance) string {
	for _, info := range db.StatusInfos {
		if aws.ToString(info.StatusType) == "read replication" && !aws.ToBool(info.Normal) {
			return aws.ToString(info.Status) + " " + aws.ToString(info.Message)
		}
	}
	return ""
}
