// Package promotedatabase is the step kind promote-database: it turns an RDS
// read replica of the recovery region into a primary of the wanted class.
//
// It guarantees one promotion however often it is asked, because it reads first
// what the instance is. It does not wait for replication to catch up: an
// unplanned failover cannot ask a region that is gone. It does not know Aurora,
// whose clusters are promoted by another call.
package promotedatabase

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	PromoteReadReplica(context.Context, *rds.PromoteReadReplicaInput, ...func(*rds.Options)) (*rds.PromoteReadReplicaOutput, error)
	ModifyDBInstance(context.Context, *rds.ModifyDBInstanceInput, ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error)
}

// available is the one status in which RDS accepts a promotion or a change.
const available = "available"

// Kind acts in one region.
type Kind struct{ rds api }

// New acts in the region of cfg, which is the recovery region.
func New(cfg aws.Config) *Kind { return &Kind{rds.NewFromConfig(cfg)} }

// Advance promotes, then changes class and Multi-AZ, one move a look.
func (k *Kind) Advance(ctx context.Context, _ step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	db, err := k.look(ctx, spec.Replica)
	if err != nil {
		return step.Progress{}, err
	}
	status := aws.ToString(db.DBInstanceStatus)
	if broken(status) {
		return step.Progress{}, step.Permanent("database %s is %s, which RDS does not leave by itself: mend it, or restore a snapshot under that name, then run again", spec.Replica, status)
	}
	change := missing(db, spec)
	switch {
	case aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier) != "":
		return k.promote(ctx, db, status)
	case change != nil:
		return k.modify(ctx, db, change, status)
	case !serves(status) || db.Endpoint == nil:
		return pending("database %s is promoted and %s", spec.Replica, status), nil
	}
	return step.Progress{
		Done:   true,
		Detail: fmt.Sprintf("database %s is a primary: %s, Multi-AZ %t", spec.Replica, aws.ToString(db.DBInstanceClass), aws.ToBool(db.MultiAZ)),
		Outputs: map[string]string{
			"endpoint": aws.ToString(db.Endpoint.Address),
			"port":     strconv.Itoa(int(aws.ToInt32(db.Endpoint.Port))),
		},
	}, nil
}

func (k *Kind) look(ctx context.Context, name string) (types.DBInstance, error) {
	out, err := k.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	var unknown *types.DBInstanceNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.DBInstances) == 0 {
		return types.DBInstance{}, step.Permanent("there is no database %s in the recovery region: restore it there from its newest snapshot under that name, or correct the plan's \"replica\"", name)
	}
	if err != nil {
		return types.DBInstance{}, fmt.Errorf("look at database %s: %w", name, err)
	}
	return out.DBInstances[0], nil
}

// promote keeps the replica's own backup retention. A replica without one gets a
// day, RDS's own default, said aloud because 0 would leave the new primary
// without backups; 0 is what a replica has until someone turns backups on.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
func (k *Kind) promote(ctx context.Context, db types.DBInstance, status string) (step.Progress, error) {
	name := aws.ToString(db.DBInstanceIdentifier)
	if status != available {
		return pending("replica %s is %s: its promotion goes on, or begins once it is available", name, status), nil
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
func (k *Kind) modify(ctx context.Context, db types.DBInstance, change *rds.ModifyDBInstanceInput, status string) (step.Progress, error) {
	name := aws.ToString(db.DBInstanceIdentifier)
	if status != available || underWay(db, change) {
		return pending("database %s is promoted and %s; its class or Multi-AZ is not yet as wanted", name, status), nil
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
func missing(db types.DBInstance, spec plan.PromoteDatabase) *rds.ModifyDBInstanceInput {
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
func underWay(db types.DBInstance, change *rds.ModifyDBInstanceInput) bool {
	accepted := db.PendingModifiedValues
	if accepted == nil {
		return false
	}
	class := change.DBInstanceClass == nil || aws.ToString(accepted.DBInstanceClass) == *change.DBInstanceClass
	zones := change.MultiAZ == nil || aws.ToBool(accepted.MultiAZ)
	return class && zones
}

// serves counts a database as up while its first backup, or the optimization
// after a change, goes on: it takes connections in both, and either can outlast
// a recovery time objective.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
func serves(status string) bool {
	return status == available || status == "backing-up" || status == "storage-optimization"
}

// broken is a status that only a person ends, from the same list.
func broken(status string) bool {
	switch status {
	case "failed", "restore-error", "storage-full", "deleting", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable":
		return true
	}
	return strings.HasPrefix(status, "incompatible-")
}

// busy is a call that lost a race against a state change of the instance.
func busy(err error) bool {
	var state *types.InvalidDBInstanceStateFault
	return errors.As(err, &state)
}

func pending(format string, args ...any) step.Progress {
	return step.Progress{Detail: fmt.Sprintf(format, args...)}
}
