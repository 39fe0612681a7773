package promotedatabase

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// promote makes a replica a primary, then changes class and Multi-AZ, one move a
// look.
func (k *Kind) promote(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	db, err := k.find(ctx, spec.Replica)
	if err != nil {
		return step.Progress{}, err
	}
	if db == nil {
		return step.Progress{}, step.Permanent("there is no database %s in %s: restore it there from its newest snapshot under that name, or correct the plan's \"replica\"", spec.Replica, k.region)
	}
	status, change := aws.ToString(db.DBInstanceStatus), missing(db, spec)
	switch {
	case broken(status):
		return step.Progress{}, step.Permanent("database %s is %s, which RDS does not leave by itself: mend it, or restore a snapshot under that name, then run again", spec.Replica, status)
	case follows(db):
		return k.release(ctx, r, db)
	case change != nil:
		return k.modify(ctx, r, db, change)
	case !serves(status) || db.Endpoint == nil:
		return pending("database %s is promoted and %s", spec.Replica, status), nil
	}
	return step.Progress{
		Done:    true,
		Detail:  fmt.Sprintf("database %s is a primary: %s, Multi-AZ %t", spec.Replica, aws.ToString(db.DBInstanceClass), aws.ToBool(db.MultiAZ)),
		Outputs: reached(db.Endpoint.Address, db.Endpoint.Port, promotion),
	}, nil
}

// follows says whether the instance is a replica still.
func follows(db *types.DBInstance) bool {
	return aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier) != ""
}

// release ends the replication. The promotion keeps the replica's own backup
// retention. A replica without one gets a day, RDS's own default, said aloud because
// 0 would leave the new primary without backups; 0 is what a replica has until
// someone turns backups on.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
func (k *Kind) release(ctx context.Context, r step.Run, db *types.DBInstance) (step.Progress, error) {
	name, status := aws.ToString(db.DBInstanceIdentifier), aws.ToString(db.DBInstanceStatus)
	if status != available {
		return pending("replica %s is %s: its promotion goes on, or begins once it is available", name, status), nil
	}
	if r.Mode.Graceful() {
		if wait, err := k.behind(ctx, r, db); wait != "" || err != nil {
			return step.Pending(wait), err
		}
	}
	if err := k.remember(ctx, r, db); err != nil {
		return step.Progress{}, err
	}
	_, err := k.rds.PromoteReadReplica(ctx, &rds.PromoteReadReplicaInput{
		DBInstanceIdentifier:  db.DBInstanceIdentifier,
		BackupRetentionPeriod: aws.Int32(max(1, aws.ToInt32(db.BackupRetentionPeriod))),
	})
	if busy(err) {
		return pending("replica %s is busy; looking again", name), nil
	}
	if err != nil {
		return step.Progress{}, fmt.Errorf("promote %s: %w", name, err)
	}
	return pending("replica %s is being promoted", name), nil
}

// modify does not wait for the maintenance window, which a disaster cannot.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
func (k *Kind) modify(ctx context.Context, r step.Run, db *types.DBInstance, change *rds.ModifyDBInstanceInput) (step.Progress, error) {
	name, status := aws.ToString(db.DBInstanceIdentifier), aws.ToString(db.DBInstanceStatus)
	if status != available || underWay(db, change) {
		return pending("database %s is promoted and %s; its class or Multi-AZ is not yet as wanted", name, status), nil
	}
	if err := k.remember(ctx, r, db); err != nil {
		return step.Progress{}, err
	}
	_, err := k.rds.ModifyDBInstance(ctx, change)
	if busy(err) {
		return pending("database %s is busy; looking again", name), nil
	}
	if err != nil {
		return step.Progress{}, fmt.Errorf("change class or Multi-AZ of %s: %w", name, err)
	}
	return pending("database %s is promoted and being modified", name), nil
}

// missing is the change that db still needs; nil: none. What the plan leaves out
// stays as the replica has it.
func missing(db *types.DBInstance, spec plan.PromoteDatabase) *rds.ModifyDBInstanceInput {
	change := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: db.DBInstanceIdentifier, ApplyImmediately: aws.Bool(true)}
	if spec.Class != "" && aws.ToString(db.DBInstanceClass) != spec.Class {
		change.DBInstanceClass = aws.String(spec.Class)
	}
	if spec.MultiAZ && !aws.ToBool(db.MultiAZ) {
		change.MultiAZ = aws.Bool(true)
	}
	if change.DBInstanceClass == nil && change.MultiAZ == nil {
		return nil
	}
	return change
}

// underWay says whether RDS has accepted the change already: between the call
// and the status "modifying" it lists the new values as pending.
func underWay(db *types.DBInstance, change *rds.ModifyDBInstanceInput) bool {
	accepted := db.PendingModifiedValues
	if accepted == nil {
		return false
	}
	class := change.DBInstanceClass == nil || aws.ToString(accepted.DBInstanceClass) == *change.DBInstanceClass
	zones := change.MultiAZ == nil || accepted.MultiAZ != nil && *accepted.MultiAZ == *change.MultiAZ
	return class && zones
}
