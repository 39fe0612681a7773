package retire

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// final names a database's last snapshot by the run that removes it: its name says
// to a later look, and to Undo, that the step has begun. No two hyphens may follow
// each other in it.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func final(r step.Run, database string) string {
	words := strings.FieldsFunc(strings.ToLower(database+"-final-"+r.ID), func(c rune) bool { return c == '-' || c == '_' || c == '.' })
	return strings.Join(words, "-")
}

// database takes a last snapshot and then deletes an instance; nothing to wait for:
// it is gone. The snapshot is a call of its own, because a replica can have none in
// the call that deletes it, and because nothing may be deleted before it is complete.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
func (s side) database(ctx context.Context, r step.Run, name string) (wait []string, err error) {
	db, err := s.find(ctx, name)
	if err != nil || db == nil {
		return nil, err
	}
	if aws.ToString(db.DBInstanceStatus) == "deleting" {
		return []string{fmt.Sprintf("database %s is deleted", name)}, nil
	}
	if why := kept(db); why != "" {
		return nil, step.Permanent("%s", why)
	}
	last, err := s.snapshot(ctx, final(r, name))
	switch {
	case err != nil:
		return nil, err
	case last == nil:
		return []string{fmt.Sprintf("the last snapshot of %s is taken", name)}, s.take(ctx, r, name)
	case !r.Mine(tagMap(last.TagList)):
		return nil, step.Permanent("the snapshot %s in %s is not this run's: rename it and retry", final(r, name), s.region)
	case aws.ToString(last.Status) == "failed":
		return nil, step.Permanent("the last snapshot of %s has failed: RDS's events say why; delete the snapshot %s and retry", name, final(r, name))
	case aws.ToString(last.Status) != "available":
		return []string{fmt.Sprintf("the last snapshot of %s is taken", name)}, nil
	}
	_, err = s.rds.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: aws.String(name), SkipFinalSnapshot: aws.Bool(true)})
	if err != nil && !busy(err) {
		return nil, fmt.Errorf("delete %s: %w", name, err)
	}
	return []string{fmt.Sprintf("database %s is deleted", name)}, nil
}

// kept is why a database is not deleted; empty: it can be. RDS would make replicas
// of a deleted source primaries, or leave them without one: they come first.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
func kept(db *types.DBInstance) string {
	name := aws.ToString(db.DBInstanceIdentifier)
	switch {
	case aws.ToBool(db.DeletionProtection):
		return fmt.Sprintf("database %s is protected from deletion: turn the protection off when it may go, or leave it out of \"databases\"", name)
	case len(db.ReadReplicaDBInstanceIdentifiers) > 0:
		return fmt.Sprintf("database %s has the replica %s: promote or delete that first, then retry", name, strings.Join(db.ReadReplicaDBInstanceIdentifiers, ", "))
	case aws.ToString(db.DBClusterIdentifier) != "":
		return fmt.Sprintf("database %s is an instance of the cluster %s: remove the cluster by hand, or leave it out of \"databases\"", name, aws.ToString(db.DBClusterIdentifier))
	}
	return ""
}

func (s side) take(ctx context.Context, r step.Run, name string) error {
	_, err := s.rds.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String(name), DBSnapshotIdentifier: aws.String(final(r, name)), Tags: tagList(r.Made()),
	})
	var twice *types.DBSnapshotAlreadyExistsFault
	if err == nil || errors.As(err, &twice) || busy(err) {
		return nil
	}
	return fmt.Errorf("take the last snapshot of %s: %w", name, err)
}

// find answers nil when there is no instance of that name.
func (s side) find(ctx context.Context, name string) (*types.DBInstance, error) {
	out, err := s.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	var unknown *types.DBInstanceNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.DBInstances) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at database %s: %w", name, err)
	}
	return &out.DBInstances[0], nil
}

// snapshot answers nil when there is none of that name.
func (s side) snapshot(ctx context.Context, name string) (*types.DBSnapshot, error) {
	out, err := s.rds.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: aws.String(name)})
	var unknown *types.DBSnapshotNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.DBSnapshots) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at snapshot %s: %w", name, err)
	}
	return &out.DBSnapshots[0], nil
}

// ownDatabases are the names of the instances that earlier runs of the plan made.
// RDS filters by no tag.
func (s side) ownDatabases(ctx context.Context, r step.Run) ([]string, error) {
	var names []string
	pages := rds.NewDescribeDBInstancesPaginator(s.rds, &rds.DescribeDBInstancesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the databases in %s: %w", s.region, err)
		}
		for _, db := range page.DBInstances {
			if earlier(r, tagMap(db.TagList)) && aws.ToString(db.DBClusterIdentifier) == "" {
				names = append(names, aws.ToString(db.DBInstanceIdentifier))
			}
		}
	}
	return names, nil
}

// earlier says whether another run of the plan made what carries the tags. What a
// drill made is the drill's to remove. A stack hands its tags on to what is in it, and
// that goes with the stack alone: out of a group, it would only be replaced.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
func earlier(r step.Run, tags map[string]string) bool {
	for _, of := range []string{"aws:cloudformation:stack-id", "aws:autoscaling:groupName"} {
		if tags[of] != "" {
			return false
		}
	}
	return tags[lineage.Plan] == r.Plan && tags[lineage.Run] != "" && tags[lineage.Run] != r.ID && tags[lineage.Drill] == ""
}

func busy(err error) bool {
	var state *types.InvalidDBInstanceStateFault
	return errors.As(err, &state)
}
