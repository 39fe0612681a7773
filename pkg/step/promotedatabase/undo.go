package promotedatabase

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Undo deletes what the step restored and gives a database its class and Multi-AZ
// back. What was promoted or failed over stays so: the way back is a failback.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	switch {
	case spec.Global != "" && r.Drill != nil:
		return step.Nothing("a drill leaves the global database out"), nil
	case spec.Global != "":
		return k.undoFailover(ctx, r, spec)
	case copies(r, spec):
		return k.undoRestore(ctx, r, wanted(r, spec))
	}
	return k.undoPromotion(ctx, r, spec)
}

// undoPromotion goes by the note that was made before the first change.
func (k *Kind) undoPromotion(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	db, err := k.find(ctx, spec.Replica)
	if err != nil {
		return step.Progress{}, err
	}
	if db == nil {
		return step.Nothing("there is no database " + spec.Replica), nil
	}
	was, ok := remembered(r, db)
	if !ok {
		return step.Nothing("the run has not changed " + spec.Replica), nil
	}
	if was.replica && !follows(db) {
		return step.Progress{Done: true, Left: fmt.Sprintf(
			"Database %s in %s was promoted and is a replica no more. If the old primary goes on serving, rebuild the replica from it: delete %s once nobody needs what was written there, and create a read replica of that name. If %s is to serve, start the failover again.",
			spec.Replica, k.region, spec.Replica, spec.Replica)}, nil
	}
	if status := aws.ToString(db.DBInstanceStatus); status != available {
		return pending("database %s is %s", spec.Replica, status), nil
	}
	if change := back(db, was); change != nil {
		if underWay(db, change) {
			return pending("database %s gets its class and Multi-AZ back", spec.Replica), nil
		}
		if _, err := k.rds.ModifyDBInstance(ctx, change); err != nil && !busy(err) {
			return step.Progress{}, fmt.Errorf("give %s its class and Multi-AZ back: %w", spec.Replica, err)
		}
		return pending("database %s gets its class and Multi-AZ back", spec.Replica), nil
	}
	if err := k.forget(ctx, db); err != nil {
		return step.Progress{}, err
	}
	return step.Progress{Done: true, Detail: "database " + spec.Replica + " is as it was"}, nil
}

// back is the change that makes the database what it was; nil: none.
func back(db *types.DBInstance, was before) *rds.ModifyDBInstanceInput {
	change := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: db.DBInstanceIdentifier, ApplyImmediately: aws.Bool(true)}
	if aws.ToString(db.DBInstanceClass) != was.class {
		change.DBInstanceClass = aws.String(was.class)
	}
	if aws.ToBool(db.MultiAZ) != was.multiAZ {
		change.MultiAZ = aws.Bool(was.multiAZ)
	}
	if change.DBInstanceClass == nil && change.MultiAZ == nil {
		return nil
	}
	return change
}

// undoFailover waits for a failover that is under way to be over, and takes none
// back: it would be a second one, with a loss of its own.
func (k *Kind) undoFailover(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	global, member, err := k.member(ctx, spec)
	switch {
	case err != nil:
		return step.Progress{}, err
	case moving(global) != "":
		return pending("global database %s: %s", spec.Global, moving(global)), nil
	case !aws.ToBool(member.IsWriter):
		return step.Nothing("cluster " + spec.Cluster + " was not made the writer"), nil
	}
	return step.Progress{Done: true, Left: fmt.Sprintf(
		"Cluster %s in %s is the writer of global database %s. If the other region goes on serving, switch the global database over to its cluster there (SwitchoverGlobalCluster); what was written there since may be lost. If %s is to serve, start the failover again.",
		spec.Cluster, k.region, spec.Global, spec.Cluster)}, nil
}

// undoRestore deletes the instances, then their cluster, then the snapshot that a
// drill took. Only what carries this run's tags is touched. Outside of a drill data
// may have been written since, so a final snapshot is kept.
func (k *Kind) undoRestore(ctx context.Context, r step.Run, w wish) (step.Progress, error) {
	instances := []string{w.name}
	if w.cluster {
		instances = w.instances()
	}
	for _, name := range instances {
		gone, err := k.drop(ctx, r, name, w.cluster)
		if err != nil || !gone {
			return pending("database %s is deleted", name), err
		}
	}
	if w.cluster {
		gone, err := k.dropCluster(ctx, r, w.name)
		if err != nil || !gone {
			return pending("cluster %s is deleted", w.name), err
		}
	}
	if r.Drill != nil {
		return k.dropSnapshot(ctx, r)
	}
	return step.Progress{Done: true, Detail: fmt.Sprintf("no restored database %s is left; if there was one, snapshot %s has its last data", w.name, final(r, w.name))}, nil
}

// final names the last snapshot of what was restored.
func final(r step.Run, name string) string { return identifier(name, "final", r.ID) }

// drop deletes an instance; true: there is none of ours. A member of a cluster has
// no snapshot of its own, and a broken instance cannot be asked for one.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
func (k *Kind) drop(ctx context.Context, r step.Run, name string, member bool) (bool, error) {
	db, err := k.find(ctx, name)
	if err != nil || db == nil || !mine(r, db.TagList) {
		return err == nil, err
	}
	status := aws.ToString(db.DBInstanceStatus)
	if status == "deleting" {
		return false, nil
	}
	in := &rds.DeleteDBInstanceInput{DBInstanceIdentifier: aws.String(name), SkipFinalSnapshot: aws.Bool(true)}
	if r.Drill == nil && !member && !broken(status) {
		in.SkipFinalSnapshot, in.FinalDBSnapshotIdentifier = aws.Bool(false), aws.String(final(r, name))
	}
	if _, err := k.rds.DeleteDBInstance(ctx, in); err != nil && !busy(err) {
		return false, fmt.Errorf("delete %s: %w", name, err)
	}
	return false, nil
}

func (k *Kind) dropCluster(ctx context.Context, r step.Run, name string) (bool, error) {
	cluster, err := k.cluster(ctx, name)
	if err != nil || cluster == nil || !mine(r, cluster.TagList) {
		return err == nil, err
	}
	if aws.ToString(cluster.Status) == "deleting" {
		return false, nil
	}
	in := &rds.DeleteDBClusterInput{DBClusterIdentifier: aws.String(name), SkipFinalSnapshot: aws.Bool(true)}
	if r.Drill == nil && !broken(aws.ToString(cluster.Status)) {
		in.SkipFinalSnapshot, in.FinalDBSnapshotIdentifier = aws.Bool(false), aws.String(final(r, name))
	}
	if _, err := k.rds.DeleteDBCluster(ctx, in); err != nil && !busy(err) {
		return false, fmt.Errorf("delete cluster %s: %w", name, err)
	}
	return false, nil
}

func (k *Kind) dropSnapshot(ctx context.Context, r step.Run) (step.Progress, error) {
	taken, err := k.snapshot(ctx, copyOf(r))
	if err != nil {
		return step.Progress{}, err
	}
	if taken == nil || !mine(r, taken.TagList) {
		return step.Progress{Done: true, Detail: "nothing that the drill restored is left"}, nil
	}
	_, err = k.rds.DeleteDBSnapshot(ctx, &rds.DeleteDBSnapshotInput{DBSnapshotIdentifier: taken.DBSnapshotIdentifier})
	var state *types.InvalidDBSnapshotStateFault
	if err != nil && !errors.As(err, &state) {
		return step.Progress{}, fmt.Errorf("delete snapshot %s: %w", copyOf(r), err)
	}
	return pending("the drill's snapshot %s is deleted", copyOf(r)), nil
}
