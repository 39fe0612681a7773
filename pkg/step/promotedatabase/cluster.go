package promotedatabase

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// restoreCluster restores an Aurora cluster from its pinned snapshot and puts
// instances into it: a restored cluster has storage and none.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
func (k *Kind) restoreCluster(ctx context.Context, r step.Run, spec plan.PromoteDatabase, w wish) (step.Progress, error) {
	if w.class == nil {
		return step.Progress{}, step.Permanent("a restored cluster needs an instance, and that a class: write \"class\" beside \"as: %s\"", spec.As)
	}
	cluster, err := k.cluster(ctx, w.name)
	if err != nil {
		return step.Progress{}, err
	}
	if cluster == nil {
		return k.beginCluster(ctx, r, spec, w)
	}
	if !mine(r, cluster.TagList) {
		return step.Progress{}, taken(w.name, k.region)
	}
	if why, err := k.staff(ctx, cluster, w); why != "" || err != nil {
		return step.Pending(why), err
	}
	return step.Progress{Done: true, Detail: restored(r, "cluster "+w.name), Outputs: reached(cluster.Endpoint, cluster.Port, restore)}, nil
}

func (k *Kind) beginCluster(ctx context.Context, r step.Run, spec plan.PromoteDatabase, w wish) (step.Progress, error) {
	from, err := k.origin(ctx, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	name := from.snapshot[strings.LastIndex(from.snapshot, ":")+1:]
	out, err := k.rds.DescribeDBClusterSnapshots(ctx, &rds.DescribeDBClusterSnapshotsInput{DBClusterSnapshotIdentifier: aws.String(name)})
	if err != nil {
		return step.Progress{}, fmt.Errorf("look at snapshot %s: %w", from.snapshot, err)
	}
	if len(out.DBClusterSnapshots) == 0 {
		return step.Progress{}, step.Permanent("the pinned snapshot %s is gone: start the run again", from.snapshot)
	}
	_, err = k.rds.RestoreDBClusterFromSnapshot(ctx, &rds.RestoreDBClusterFromSnapshotInput{
		DBClusterIdentifier: aws.String(w.name), SnapshotIdentifier: aws.String(from.snapshot),
		Engine: out.DBClusterSnapshots[0].Engine, EngineVersion: out.DBClusterSnapshots[0].EngineVersion,
		DBSubnetGroupName: w.subnets, VpcSecurityGroupIds: w.groups, DBClusterParameterGroupName: w.parameters,
		CopyTagsToSnapshot: aws.Bool(true), Tags: w.tags,
	})
	var twice *types.DBClusterAlreadyExistsFault
	if errors.As(err, &twice) || busy(err) {
		return pending("cluster %s: looking again", w.name), nil
	}
	if err != nil {
		return step.Progress{}, fmt.Errorf("restore cluster %s: %w", w.name, err)
	}
	return pending("cluster %s is restored with the data %s", w.name, from.taken(r.Pins[spec.Points])), nil
}

// cluster answers nil when there is none of that name.
func (k *Kind) cluster(ctx context.Context, name string) (*types.DBCluster, error) {
	out, err := k.rds.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String(name)})
	var unknown *types.DBClusterNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.DBClusters) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at cluster %s: %w", name, err)
	}
	return &out.DBClusters[0], nil
}

// staff gives a cluster its instances, one, or two when the plan wants Multi-AZ:
// a second one, in another zone, is what takes over when the first one's zone fails.
// Empty: the cluster takes writes.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
func (k *Kind) staff(ctx context.Context, cluster *types.DBCluster, w wish) (string, error) {
	name := aws.ToString(cluster.DBClusterIdentifier)
	if status := aws.ToString(cluster.Status); !serves(status) {
		if broken(status) {
			return "", step.Permanent("cluster %s is %s, which RDS does not leave by itself: mend it, or delete it when it was restored, and retry", name, status)
		}
		return fmt.Sprintf("cluster %s is %s", name, status), nil
	}
	for _, instance := range w.instances() {
		db, err := k.find(ctx, instance)
		if err != nil {
			return "", err
		}
		if db == nil {
			return fmt.Sprintf("instance %s is put into cluster %s", instance, name), k.hire(ctx, cluster, instance, w)
		}
		if aws.ToString(db.DBClusterIdentifier) != name {
			return "", step.Permanent("the instance %s is not in cluster %s: rename or delete it, and retry", instance, name)
		}
		if status := aws.ToString(db.DBInstanceStatus); !serves(status) {
			if broken(status) {
				return "", step.Permanent("instance %s of cluster %s is %s, which RDS does not leave by itself: delete it and retry", instance, name, status)
			}
			return fmt.Sprintf("instance %s of cluster %s is %s", instance, name, status), nil
		}
	}
	return "", nil
}

// instances are the names of the instances of a restored cluster.
func (w wish) instances() []string {
	names := []string{w.name + "-1"}
	if w.multiAZ {
		names = append(names, w.name+"-2")
	}
	return names
}

func (k *Kind) hire(ctx context.Context, cluster *types.DBCluster, name string, w wish) error {
	_, err := k.rds.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBClusterIdentifier: cluster.DBClusterIdentifier, DBInstanceIdentifier: aws.String(strings.ToLower(name)),
		Engine: cluster.Engine, DBInstanceClass: w.class, PubliclyAccessible: aws.Bool(false), Tags: w.tags,
	})
	var twice *types.DBInstanceAlreadyExistsFault
	if err == nil || errors.As(err, &twice) || busy(err) {
		return nil
	}
	return fmt.Errorf("create instance %s in cluster %s: %w", name, aws.ToString(cluster.DBClusterIdentifier), err)
}
