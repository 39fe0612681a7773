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

// restore makes a database from a recovery point, unless it is there, and waits
// until it takes connections. RDS takes no token for it: the name is the token.
func (k *Kind) restore(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	if why := exposed(r.Drill); why != "" {
		return step.Progress{}, step.Permanent("%s", why)
	}
	w := wanted(r, spec)
	if w.cluster {
		return k.restoreCluster(ctx, r, spec, w)
	}
	db, err := k.find(ctx, w.name)
	if err != nil {
		return step.Progress{}, err
	}
	if db == nil {
		return k.begin(ctx, r, spec, w)
	}
	status := aws.ToString(db.DBInstanceStatus)
	switch {
	case status == "deleting":
		return pending("a database %s is being deleted; the name is free once it is gone", w.name), nil
	case !mine(r, db.TagList):
		return step.Progress{}, taken(w.name, k.region)
	case broken(status):
		return step.Progress{}, step.Permanent("the restored database %s is %s, which RDS does not leave by itself: delete it and retry", w.name, status)
	case !serves(status) || db.Endpoint == nil:
		return pending("database %s is restored: %s", w.name, status), nil
	}
	return step.Progress{Done: true, Detail: restored(r, "database "+w.name), Outputs: reached(db.Endpoint.Address, db.Endpoint.Port, restore)}, nil
}

// restored says what the step has made. The time that a drill's copy took says
// nothing of a promotion.
func restored(r step.Run, what string) string {
	if r.Drill != nil {
		return what + " is up: a restored copy, not a promotion"
	}
	return what + " is up, restored"
}

// taken refuses a name behind which there is a database already: its data are not
// those that this run is to bring back.
func taken(name, region string) error {
	return step.Permanent("there is a database %s in %s that this run has not made: write another \"as\", or delete it when nobody needs it, and retry", name, region)
}

// begin calls for the restore. What the call does not say is RDS's default: no
// deletion protection, and one zone.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
func (k *Kind) begin(ctx context.Context, r step.Run, spec plan.PromoteDatabase, w wish) (step.Progress, error) {
	from, err := k.origin(ctx, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	switch {
	case from.wait != "":
		return step.Pending(from.wait), nil
	case from.backup != nil:
		err = k.fromBackups(ctx, r, w, from)
	default:
		_, err = k.rds.RestoreDBInstanceFromDBSnapshot(ctx, &rds.RestoreDBInstanceFromDBSnapshotInput{
			DBSnapshotIdentifier: aws.String(from.snapshot), DBInstanceIdentifier: aws.String(w.name), DBInstanceClass: w.class,
			MultiAZ: aws.Bool(w.multiAZ), DBSubnetGroupName: w.subnets, VpcSecurityGroupIds: w.groups,
			DBParameterGroupName: w.parameters, OptionGroupName: w.options, Tags: w.tags,
			CopyTagsToSnapshot: aws.Bool(true), PubliclyAccessible: aws.Bool(false),
		})
	}
	var twice *types.DBInstanceAlreadyExistsFault
	if errors.As(err, &twice) || busy(err) {
		return pending("database %s: looking again", w.name), nil
	}
	if err != nil {
		return step.Progress{}, fmt.Errorf("restore %s: %w", w.name, err)
	}
	return pending("database %s is restored with the data %s", w.name, from.taken(r.Pins[spec.Points])), nil
}

// fromBackups restores to a point in time. Replicated backups are named by ARN,
// the region's own by the instance's resource id, which outlives the instance.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
func (k *Kind) fromBackups(ctx context.Context, r step.Run, w wish, from origin) error {
	in := &rds.RestoreDBInstanceToPointInTimeInput{
		TargetDBInstanceIdentifier: aws.String(w.name), DBInstanceClass: w.class, MultiAZ: aws.Bool(w.multiAZ),
		DBSubnetGroupName: w.subnets, VpcSecurityGroupIds: w.groups, DBParameterGroupName: w.parameters, OptionGroupName: w.options,
		Tags: w.tags, CopyTagsToSnapshot: aws.Bool(true), PubliclyAccessible: aws.Bool(false),
	}
	if r.Primary == r.Recovery {
		in.SourceDbiResourceId = from.backup.DbiResourceId
	} else {
		in.SourceDBInstanceAutomatedBackupsArn = from.backup.DBInstanceAutomatedBackupsArn
	}
	if from.at.IsZero() {
		in.UseLatestRestorableTime = aws.Bool(true)
	} else {
		in.RestoreTime = aws.Time(from.at)
	}
	_, err := k.rds.RestoreDBInstanceToPointInTime(ctx, in)
	return err
}
