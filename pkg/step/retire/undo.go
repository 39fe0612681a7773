package retire

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Undo says what is gone and where its last data are. Of what is still there, it
// takes the last snapshots and the marks away again.
func (k *Kind) Undo(ctx context.Context, r step.Run, _ plan.Retire) (step.Progress, error) {
	if r.Drill != nil || !r.Mode.Graceful() || r.Primary == r.Recovery {
		return step.Nothing("the run removes nothing"), nil
	}
	at := k.side(r)
	if wait, err := at.spare(ctx, r); wait != "" || err != nil {
		return step.Pending(wait), err
	}
	gone, err := at.gone(ctx, r)
	if err != nil {
		return step.Progress{}, err
	}
	for _, one := range strings.Split(r.Outputs[r.Step]["removed"], ", ") {
		if one != "" && !slices.Contains(gone, one) {
			gone = append(gone, one)
		}
	}
	if len(gone) == 0 {
		return step.Nothing("nothing was removed from " + at.region), nil
	}
	return step.Progress{Done: true, Left: fmt.Sprintf("Removed from %s and gone: %s. If something of it is needed, restore the database from its snapshot, and launch instances anew.", at.region, strings.Join(gone, ", "))}, nil
}

// spare undoes the preparations for what was not removed: the last snapshot of a
// database or volume that is there, the mark on an instance that runs.
func (s side) spare(ctx context.Context, r step.Run) (wait string, err error) {
	taken, err := s.taken(ctx, r)
	if err != nil {
		return "", err
	}
	for snapshot, database := range taken {
		db, err := s.find(ctx, database)
		switch {
		case err != nil:
			return "", err
		case db == nil:
			continue
		case aws.ToString(db.DBInstanceStatus) == "deleting":
			return fmt.Sprintf("database %s is deleted", database), nil
		}
		if _, err := s.rds.DeleteDBSnapshot(ctx, &rds.DeleteDBSnapshotInput{DBSnapshotIdentifier: aws.String(snapshot)}); err != nil {
			return "", fmt.Errorf("delete the snapshot %s: %w", snapshot, err)
		}
		return fmt.Sprintf("the snapshot %s is deleted", snapshot), nil
	}
	instances, err := s.instances(ctx, r)
	if err != nil {
		return "", err
	}
	if instances.dying > 0 {
		return fmt.Sprintf("%d instances are terminated", instances.dying), nil
	}
	if err := s.spareVolumes(ctx, r); err != nil || len(instances.alive) == 0 {
		return "", err
	}
	_, err = s.ec2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: instances.alive, Tags: []ec2types.Tag{{Key: aws.String(lineage.Before), Value: aws.String(mark(r))}}})
	if err != nil {
		return "", fmt.Errorf("take the marks off: %w", err)
	}
	return "", nil
}

// gone is what this step has removed, as far as AWS still tells: databases and
// volumes by their last snapshots, instances by their marks.
func (s side) gone(ctx context.Context, r step.Run) ([]string, error) {
	var gone []string
	taken, err := s.taken(ctx, r)
	if err != nil {
		return nil, err
	}
	for snapshot, database := range taken {
		db, err := s.find(ctx, database)
		if err != nil {
			return nil, err
		}
		if db == nil {
			gone = append(gone, fmt.Sprintf("database %s (last snapshot %s)", database, snapshot))
		}
	}
	instances, err := s.instances(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, id := range instances.dead {
		gone = append(gone, "instance "+id)
	}
	volumes, err := s.goneVolumes(ctx, r)
	gone = append(gone, volumes...)
	slices.Sort(gone)
	return gone, err
}

// taken are the last snapshots that this step took, with their databases.
func (s side) taken(ctx context.Context, r step.Run) (map[string]string, error) {
	taken := map[string]string{}
	pages := rds.NewDescribeDBSnapshotsPaginator(s.rds, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the snapshots in %s: %w", s.region, err)
		}
		for _, one := range page.DBSnapshots {
			if r.Mine(tagMap(one.TagList)) {
				taken[aws.ToString(one.DBSnapshotIdentifier)] = aws.ToString(one.DBInstanceIdentifier)
			}
		}
	}
	return taken, nil
}
