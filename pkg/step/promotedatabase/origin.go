package promotedatabase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// origin is where the data of a restored database come from: a snapshot, or
// backups. Neither: the step waits for one.
type origin struct {
	snapshot string // ARN, or name
	backup   *types.DBInstanceAutomatedBackup
	at       time.Time // of backups; zero: the latest that they can be restored to
	wait     string    // why there is none yet
}

// origin finds it: the pinned snapshot, the policy's backups, or, of a replica that
// no policy protects, a snapshot of the replica that a drill takes.
func (k *Kind) origin(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (origin, error) {
	for _, point := range r.Pins[spec.Points] {
		if strings.Contains(point.ID, "snapshot:") {
			return origin{snapshot: point.ID}, nil
		}
	}
	if of := spec.Database; of != nil && of.By == plan.Backups {
		from, err := k.backups(ctx, r, spec)
		if err != nil || from.backup != nil || from.wait != "" || spec.Policy != "" {
			return from, err
		}
	}
	if spec.Policy != "" {
		return origin{}, step.Permanent("the run has pinned no snapshot of policy %s in %s: wait for one, or take a later moment, and start the run again", spec.Policy, k.region)
	}
	if !r.AsOf.IsZero() {
		return origin{}, step.Permanent("%s follows its source, and nothing has its data from before %s: protect the database by a policy, or start a run without a moment",
			spec.Replica, r.AsOf.UTC().Format(time.RFC3339))
	}
	return k.snapshotOf(ctx, r, spec.Replica)
}

// backups are the automated backups of the policy's database: those that RDS
// replicated from the region that is left, or, when data are put back in place,
// the region's own.
func (k *Kind) backups(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (origin, error) {
	found, err := k.windows(ctx, r.Primary, spec.Database)
	if err != nil {
		return origin{}, err
	}
	if len(found) == 0 {
		if spec.Policy == "" {
			return origin{}, nil
		}
		return origin{}, step.Permanent("there are no automated backups of %s in %s: see what policy %s says, or restore from a snapshot", spec.Database.Instance, k.region, spec.Points)
	}
	latest := aws.ToTime(found[0].RestoreWindow.LatestTime)
	switch {
	case !r.AsOf.IsZero():
		return asOf(found, r.AsOf, spec)
	case r.Mode.Graceful() && latest.Before(r.Fenced):
		return origin{wait: fmt.Sprintf("backups of %s reach to %s; waiting until they hold all of %s", spec.Database.Instance, latest.Format(time.TimeOnly), r.Fenced.Format(time.TimeOnly))}, nil
	}
	return origin{backup: &found[0]}, nil
}

// asOf restores to the last second before a moment, which the backups must reach
// back to. Backups that end earlier hold only what is older anyway.
func asOf(found []types.DBInstanceAutomatedBackup, moment time.Time, spec plan.PromoteDatabase) (origin, error) {
	wanted := moment.Add(-time.Second)
	for i, b := range found {
		if wanted.Before(aws.ToTime(b.RestoreWindow.EarliestTime)) {
			continue
		}
		if wanted.After(aws.ToTime(b.RestoreWindow.LatestTime)) {
			return origin{backup: &found[i]}, nil
		}
		return origin{backup: &found[i], at: wanted}, nil
	}
	oldest := slices.MinFunc(found, func(a, b types.DBInstanceAutomatedBackup) int {
		return aws.ToTime(a.RestoreWindow.EarliestTime).Compare(aws.ToTime(b.RestoreWindow.EarliestTime))
	})
	return origin{}, step.Permanent("backups of %s reach back to %s and not to %s: start a run with a later moment",
		spec.Database.Instance, aws.ToTime(oldest.RestoreWindow.EarliestTime).UTC().Format(time.RFC3339), moment.UTC().Format(time.RFC3339))
}

// windows are the backups that can be restored from, the newest data first.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/AutomatedBackups.Replicating.Describe.html
func (k *Kind) windows(ctx context.Context, source string, of *plan.Database) ([]types.DBInstanceAutomatedBackup, error) {
	var found []types.DBInstanceAutomatedBackup
	pages := rds.NewDescribeDBInstanceAutomatedBackupsPaginator(k.rds, &rds.DescribeDBInstanceAutomatedBackupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the backups of %s: %w", of.Instance, err)
		}
		for _, b := range page.DBInstanceAutomatedBackups {
			name := aws.ToString(b.DBInstanceIdentifier)
			named := strings.EqualFold(name, of.Instance) || of.Replica != "" && strings.EqualFold(name, of.Replica)
			if named && aws.ToString(b.Region) == source && b.RestoreWindow != nil && b.RestoreWindow.LatestTime != nil {
				found = append(found, b)
			}
		}
	}
	slices.SortFunc(found, func(a, b types.DBInstanceAutomatedBackup) int {
		return aws.ToTime(b.RestoreWindow.LatestTime).Compare(aws.ToTime(a.RestoreWindow.LatestTime))
	})
	return found, nil
}

// snapshotOf takes a snapshot of the replica for a drill, which suspends no writes:
// a replica has none. Its name makes it one a run and step.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html
func (k *Kind) snapshotOf(ctx context.Context, r step.Run, replica string) (origin, error) {
	name := copyOf(r)
	taken, err := k.snapshot(ctx, name)
	switch {
	case err != nil:
		return origin{}, err
	case taken == nil:
		_, err := k.rds.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{DBInstanceIdentifier: aws.String(replica), DBSnapshotIdentifier: aws.String(name), Tags: tagList(r.Made())})
		var twice *types.DBSnapshotAlreadyExistsFault
		if err != nil && !errors.As(err, &twice) && !busy(err) {
			return origin{}, fmt.Errorf("take a snapshot of %s: %w", replica, err)
		}
	case !mine(r, taken.TagList):
		return origin{}, step.Permanent("the snapshot %s in %s is not this run's: delete it, or rename it, and retry", name, k.region)
	case aws.ToString(taken.Status) == available:
		return origin{snapshot: name}, nil
	case aws.ToString(taken.Status) == "failed":
		return origin{}, step.Permanent("the snapshot %s of %s has failed: RDS's events say why", name, replica)
	}
	return origin{wait: fmt.Sprintf("a snapshot of %s is taken for the drill's copy", replica)}, nil
}

// copyOf is the name of the snapshot that a drill takes. No two hyphens may follow
// each other in it, and none may end it.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func copyOf(r step.Run) string { return identifier("pilotlight", "drill", r.ID, r.Step) }

func identifier(parts ...string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.Join(parts, "-")), func(c rune) bool { return c == '-' || c == '_' || c == '.' })
	return strings.Join(words, "-")
}

// snapshot answers nil when there is none of that name.
func (k *Kind) snapshot(ctx context.Context, name string) (*types.DBSnapshot, error) {
	out, err := k.rds.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: aws.String(name)})
	var unknown *types.DBSnapshotNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.DBSnapshots) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at snapshot %s: %w", name, err)
	}
	return &out.DBSnapshots[0], nil
}

// taken is when the data of what is restored were taken, in words.
func (o origin) taken(pins []lineage.Point) string {
	for _, point := range pins {
		if point.ID == o.snapshot {
			return "of " + point.TakenAt.UTC().Format(time.RFC3339)
		}
	}
	switch {
	case o.backup != nil && !o.at.IsZero():
		return "as of " + o.at.UTC().Format(time.RFC3339)
	case o.backup != nil:
		return "as of " + aws.ToTime(o.backup.RestoreWindow.LatestTime).UTC().Format(time.RFC3339)
	}
	return "of now"
}
