package promotedatabase

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// failOver makes the region's cluster the writer of its global database: by a
// failover, which loses what had not arrived, or in a graceful run by a switchover,
// which waits for it.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
func (k *Kind) failOver(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	global, member, err := k.member(ctx, spec)
	if err != nil {
		return step.Progress{}, err
	}
	switch {
	case aws.ToBool(member.IsWriter):
		return k.writes(ctx, r, spec)
	case moving(global) != "":
		return pending("global database %s: %s", spec.Global, moving(global)), nil
	case r.Mode.Graceful():
		_, err = k.rds.SwitchoverGlobalCluster(ctx, &rds.SwitchoverGlobalClusterInput{
			GlobalClusterIdentifier: aws.String(spec.Global), TargetDbClusterIdentifier: member.DBClusterArn,
		})
	default:
		_, err = k.rds.FailoverGlobalCluster(ctx, &rds.FailoverGlobalClusterInput{
			GlobalClusterIdentifier: aws.String(spec.Global), TargetDbClusterIdentifier: member.DBClusterArn, AllowDataLoss: aws.Bool(true),
		})
	}
	if busy(err) {
		return pending("global database %s is busy; looking again", spec.Global), nil
	}
	if err != nil {
		return step.Progress{}, fmt.Errorf("make %s the writer of %s: %w", spec.Cluster, spec.Global, err)
	}
	return pending("cluster %s becomes the writer of global database %s", spec.Cluster, spec.Global), nil
}

// writes waits until the writer cluster takes connections.
func (k *Kind) writes(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	cluster, err := k.cluster(ctx, spec.Cluster)
	if err != nil {
		return step.Progress{}, err
	}
	if cluster == nil || !serves(aws.ToString(cluster.Status)) {
		status := "not there yet"
		if cluster != nil {
			status = aws.ToString(cluster.Status)
		}
		return pending("cluster %s is the writer, and %s", spec.Cluster, status), nil
	}
	how := failover
	if r.Mode.Graceful() {
		how = "switchover"
	}
	return step.Progress{
		Done:    true,
		Detail:  fmt.Sprintf("cluster %s is the writer of global database %s", spec.Cluster, spec.Global),
		Outputs: reached(cluster.Endpoint, cluster.Port, how),
	}, nil
}

// member is the region's cluster in its global database. The region answers that
// itself, whatever has become of the others.
func (k *Kind) member(ctx context.Context, spec plan.PromoteDatabase) (types.GlobalCluster, types.GlobalClusterMember, error) {
	out, err := k.rds.DescribeGlobalClusters(ctx, &rds.DescribeGlobalClustersInput{GlobalClusterIdentifier: aws.String(spec.Global)})
	var unknown *types.GlobalClusterNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.GlobalClusters) == 0 {
		return types.GlobalCluster{}, types.GlobalClusterMember{}, step.Permanent("there is no global database %s: correct the plan's \"global\"", spec.Global)
	}
	if err != nil {
		return types.GlobalCluster{}, types.GlobalClusterMember{}, fmt.Errorf("look at global database %s: %w", spec.Global, err)
	}
	for _, m := range out.GlobalClusters[0].GlobalClusterMembers {
		arn := aws.ToString(m.DBClusterArn)
		if strings.Contains(arn, ":"+k.region+":") && strings.HasSuffix(arn, ":cluster:"+strings.ToLower(spec.Cluster)) {
			return out.GlobalClusters[0], m, nil
		}
	}
	return types.GlobalCluster{}, types.GlobalClusterMember{}, step.Permanent("cluster %s in %s is not in global database %s: add it there, or correct the plan's \"cluster\"", spec.Cluster, k.region, spec.Global)
}

// moving is what is being done to a global database; empty: nothing.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverState.html
func moving(global types.GlobalCluster) string {
	state := global.FailoverState
	if state == nil || state.Status == "" {
		return ""
	}
	to := aws.ToString(state.ToDbClusterArn)
	return fmt.Sprintf("%s, to %s", state.Status, to[strings.LastIndex(to, ":")+1:])
}

// lags are what Aurora measures of a secondary cluster, in its own region and in
// milliseconds: what a failover would lose, and, of older versions of Aurora MySQL,
// which have no such metric, how long an update takes.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
var lags = []string{"AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag"}

// globalLag is how far a secondary cluster is behind, by the first of the metrics that
// says so.
func (k *Kind) globalLag(ctx context.Context, cluster string, now time.Time) (lag, error) {
	for _, metric := range lags {
		found, err := k.ofCluster(ctx, metric, cluster, now)
		if err != nil || !found.at.IsZero() {
			return found, err
		}
	}
	return lag{}, nil
}

// ofCluster asks CloudWatch which dimensions a metric has beside the cluster, such as the
// region of the writer. Of several, the one that was measured last counts.
func (k *Kind) ofCluster(ctx context.Context, metric, cluster string, now time.Time) (found lag, err error) {
	pages := cloudwatch.NewListMetricsPaginator(k.metrics, &cloudwatch.ListMetricsInput{
		Namespace: aws.String("AWS/RDS"), MetricName: aws.String(metric),
		Dimensions: []cw.DimensionFilter{{Name: aws.String("DBClusterIdentifier"), Value: aws.String(cluster)}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return lag{}, fmt.Errorf("look for %s of %s: %w", metric, cluster, err)
		}
		for _, m := range page.Metrics {
			one, err := k.newest(ctx, metric, m.Dimensions, time.Millisecond, now)
			if err != nil {
				return lag{}, err
			}
			if one.at.After(found.at) {
				found = one
			}
		}
	}
	return found, nil
}
