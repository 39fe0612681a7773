package rehearsal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
)

// restored is a volume that the run made.
type restored struct {
	types.Volume
	origin string // the protected volume whose data it has; empty: not known
	point  report.RecoveryPoint
}

// back are how old the data is that came back, and what did not come back.
type back struct {
	ages    []time.Duration
	missing []string
}

// recoveryPoints says how old the data is that the application came back with.
// It follows each restored volume and launched instance to the source snapshot or
// image by the front's record of copies, and asks the simulator when that was
// taken: neither the product's tags nor its journal have a part in it.
func (r *rehearsal) recoveryPoints(ctx context.Context) error {
	var data back
	if err := r.volumesBack(ctx, &data); err != nil {
		return err
	}
	if err := r.imagePoints(ctx); err != nil {
		return err
	}
	if err := r.databasesBack(ctx, &data); err != nil {
		return err
	}
	r.following(&data)
	rpo := &r.report.RPO
	switch {
	case len(data.missing) > 0:
		rpo.WhyNot = strings.Join(data.missing, ", ") + " did not come back"
	case len(data.ages) == 0:
		rpo.WhyNot = "no step of the plan brings data back"
	default:
		oldest := data.ages[0]
		for _, age := range data.ages {
			oldest = max(oldest, age)
		}
		rpo.MeasuredSeconds = report.Seconds(max(0, oldest)) // of a planned run they are taken after its start
	}
	return nil
}

// volumesBack finds for every protected volume that a step should bring back the
// attached one that has its data.
func (r *rehearsal) volumesBack(ctx context.Context, data *back) error {
	if err := r.findRestored(ctx); err != nil {
		return err
	}
	for s := range r.on.Steps() {
		spec, ok := s.Spec.(*plan.RestoreVolumes)
		if !ok {
			continue
		}
		home := r.home[spec.Policy]
		found := map[string]bool{}
		for _, volume := range r.restored {
			if tag(volume.Tags, lineage.Step) != s.ID || volume.State != types.VolumeStateInUse {
				continue
			}
			found[volume.origin] = true
			r.report.RecoveryPoints = append(r.report.RecoveryPoints, volume.point)
			data.ages = append(data.ages, time.Duration(volume.point.AgeSeconds*float64(time.Second)))
		}
		missing := 0
		for volume := range home {
			if !found[volume] {
				missing++
			}
		}
		if missing > 0 {
			data.missing = append(data.missing, fmt.Sprintf("%d of %d volumes of policy %s", missing, len(home), spec.Policy))
		}
	}
	return nil
}

// findRestored looks for the volumes that the run made from recovery points.
func (r *rehearsal) findRestored(ctx context.Context) error {
	out, err := ec2.NewFromConfig(r.cloud.As(role, r.on.Recovery)).DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: r.ofRun()})
	if err != nil {
		return err
	}
	for _, volume := range out.Volumes {
		// An instance's own root volume carries the run's tags too.
		if aws.ToString(volume.SnapshotId) == "" || tag(volume.Tags, lineage.Source) == "" {
			continue
		}
		found := restored{Volume: volume}
		source, region, copied := r.cloud.Front.SourceOf(aws.ToString(volume.SnapshotId))
		if !copied {
			r.problem("Volume %s was made from %s, which is no copy of a recovery point.", aws.ToString(volume.VolumeId), aws.ToString(volume.SnapshotId))
		} else if found.origin, found.point, err = r.snapshotPoint(ctx, source, region); err != nil {
			return err
		}
		r.restored = append(r.restored, found)
	}
	return nil
}

// ofRun selects what carries the tag of the rehearsed run.
func (r *rehearsal) ofRun() []types.Filter {
	return []types.Filter{{Name: aws.String("tag:" + lineage.Run), Values: []string{r.record.State.Run}}}
}

func (r *rehearsal) snapshotPoint(ctx context.Context, id, region string) (origin string, point report.RecoveryPoint, err error) {
	out, err := ec2.NewFromConfig(r.cloud.Upstream(region)).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}})
	if err != nil {
		return "", point, err
	}
	snapshot := out.Snapshots[0] // one that does not exist is an error
	origin = aws.ToString(snapshot.VolumeId)
	return origin, r.point(id+" of "+origin, tag(snapshot.Tags, lineage.Policy), aws.ToTime(snapshot.StartTime)), nil
}

// imagePoints are the images that the launched instances run: software, whose
// age counts against its own policy and not as lost data.
func (r *rehearsal) imagePoints(ctx context.Context) error {
	out, err := ec2.NewFromConfig(r.cloud.As(role, r.on.Recovery)).DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: r.ofRun()})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, reservation := range out.Reservations {
		for _, instance := range reservation.Instances {
			image := aws.ToString(instance.ImageId)
			source, region, copied := r.cloud.Front.SourceOf(image)
			if seen[image] || !copied { // the template's own image is no recovery point
				continue
			}
			seen[image] = true
			point, err := r.imagePoint(ctx, source, region)
			if err != nil {
				return fmt.Errorf("image %s: %w", source, err)
			}
			r.report.RecoveryPoints = append(r.report.RecoveryPoints, point)
		}
	}
	return nil
}

func (r *rehearsal) imagePoint(ctx context.Context, id, region string) (report.RecoveryPoint, error) {
	out, err := ec2.NewFromConfig(r.cloud.Upstream(region)).DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}})
	if err != nil {
		return report.RecoveryPoint{}, err
	}
	image := out.Images[0] // one that does not exist is an error
	taken, err := time.Parse(time.RFC3339, aws.ToString(image.CreationDate))
	return r.point(id, tag(image.Tags, lineage.Policy), taken), err
}

// databasesBack: a promoted replica has what had reached it, which is all but the
// modelled lag; of a planned run, everything. A restored one has what the moment
// had that it was restored to, or its snapshot.
func (r *rehearsal) databasesBack(ctx context.Context, data *back) error {
	for s := range r.on.Steps() {
		spec, ok := s.Spec.(*plan.PromoteDatabase)
		if !ok {
			continue
		}
		name := r.serving(spec)
		db, err := r.database(ctx, name)
		if err != nil || !writable(db) {
			data.missing = append(data.missing, "database "+name)
			continue
		}
		taken, how, err := r.databaseTime(ctx, db)
		if err != nil {
			return err
		}
		point := r.point(name+" ("+how+")", s.ID, taken)
		point.ObjectiveSeconds = r.Plan.Objectives.RPO.D().Seconds()
		r.report.RecoveryPoints = append(r.report.RecoveryPoints, point)
		data.ages = append(data.ages, r.struck.Sub(taken))
	}
	return nil
}

// fromBackups is how far behind RDS's own backups are: it uploads transaction logs
// every five minutes.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
const fromBackups = 5 * time.Minute

// following are data that no step brings back, because they follow by themselves:
// buckets, tables, and databases that a command promotes. How far they were behind
// is modelled.
func (r *rehearsal) following(data *back) {
	follow := func(what, policy string) {
		lag := r.cloud.Durations.ReplicaLag
		r.report.RecoveryPoints = append(r.report.RecoveryPoints, r.point(what+" (replication lag, modelled)", policy, r.struck.Add(-lag)))
		data.ages = append(data.ages, lag)
	}
	for _, policy := range r.Plan.Protect {
		switch {
		case r.scenario.asOf:
		case policy.Table != nil:
			follow("table "+policy.Table.Name, policy.Name)
		case policy.Bucket != nil:
			follow("bucket "+policy.Bucket.Replica, policy.Name)
		}
	}
	for s := range r.on.Steps() {
		if spec, ok := s.Spec.(*plan.RunCommand); ok && spec.Lag != nil && r.record.Passed(s.ID) {
			follow("the database of "+spec.Instances, s.ID)
		}
	}
}

// serving is the name of the database that a promotion makes.
func (r *rehearsal) serving(spec *plan.PromoteDatabase) string { return spec.Restored(r.scenario.asOf) }

// databaseTime is the moment that a database's data are of, and how that is known.
func (r *rehearsal) databaseTime(ctx context.Context, db rdstypes.DBInstance) (time.Time, string, error) {
	origin, restored := r.cloud.Front.OriginOf(r.on.Recovery, aws.ToString(db.DBInstanceIdentifier))
	switch {
	case !restored && r.scenario.mode.Graceful():
		return r.struck, "nothing was lost: planned", nil
	case !restored:
		return r.struck.Add(-r.cloud.Durations.ReplicaLag), "replication lag, modelled", nil
	case !origin.At.IsZero():
		return origin.At, "restored to a moment", nil
	case origin.Latest:
		return r.struck.Add(-fromBackups), "restored as late as its backups go, five minutes, modelled", nil
	}
	named := origin.Snapshot[strings.LastIndex(origin.Snapshot, ":")+1:] // an ARN's last part
	source, region, copied := r.cloud.Front.SourceOf(named)
	if !copied {
		source, region = named, r.on.Recovery
	}
	out, err := rds.NewFromConfig(r.cloud.Upstream(region)).DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: aws.String(source)})
	if err != nil {
		return time.Time{}, "", fmt.Errorf("snapshot %s of a database: %w", source, err)
	}
	snapshot := out.DBSnapshots[0]
	for _, t := range snapshot.TagList { // a copy is younger than its data
		if at, err := time.Parse(time.RFC3339, aws.ToString(t.Value)); err == nil && aws.ToString(t.Key) == lineage.TakenAt {
			return at, "snapshot " + source, nil
		}
	}
	return aws.ToTime(snapshot.SnapshotCreateTime), "snapshot " + source, nil
}

func (r *rehearsal) point(source, policy string, taken time.Time) report.RecoveryPoint {
	point := report.RecoveryPoint{Source: source, Policy: policy, TakenAt: taken, AgeSeconds: r.struck.Sub(taken).Seconds()}
	if p, ok := r.Plan.Policy(policy); ok {
		point.ObjectiveSeconds = p.RPO.D().Seconds()
	}
	return point
}

func tag(tags []types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}
