package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
)

// recoveryPoints says how old the data is that the application came back with.
// It follows each restored volume and launched instance back to the source
// snapshot or image by the front's record of copies and asks the simulator when
// that was taken: the product's tags have no part in it.
func (r *rehearsal) recoveryPoints(ctx context.Context) error {
	away := ec2.NewFromConfig(r.cloud.As(role, r.Plan.Recovery))
	volumes, err := r.runVolumes(ctx, away)
	if err != nil {
		return err
	}
	var oldest *time.Duration
	data := func(age time.Duration) {
		if oldest == nil || age > *oldest {
			oldest = &age
		}
	}
	for _, volume := range volumes {
		point, err := r.snapshotPoint(ctx, volume)
		if err != nil {
			return err
		}
		r.report.RecoveryPoints = append(r.report.RecoveryPoints, point)
		data(r.struck.Sub(point.TakenAt))
	}
	if err := r.imagePoints(ctx, away); err != nil {
		return err
	}
	for s := range r.Plan.Steps() {
		spec, ok := s.Spec.(*plan.PromoteDatabase)
		if outcome, _ := outcomeOf(r.record, s.ID); !ok || outcome != report.Done {
			continue
		}
		lag := r.cloud.Durations.ReplicaLag
		r.report.RecoveryPoints = append(r.report.RecoveryPoints, report.RecoveryPoint{
			Source: spec.Replica + " (replication lag, modelled)", Policy: s.ID,
			TakenAt: r.struck.Add(-lag), AgeSeconds: lag.Seconds(), ObjectiveSeconds: r.Plan.Objectives.RPO.D().Seconds(),
		})
		data(lag)
	}
	if oldest != nil {
		r.report.RPO.MeasuredSeconds = report.Seconds(*oldest)
	}
	return nil
}

// runVolumes are the volumes that the run made.
func (r *rehearsal) runVolumes(ctx context.Context, away *ec2.Client) ([]types.Volume, error) {
	out, err := away.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: r.ofRun()})
	if err != nil {
		return nil, err
	}
	var restored []types.Volume
	for _, volume := range out.Volumes {
		// An instance's own root volume carries the run's tags too.
		if aws.ToString(volume.SnapshotId) != "" && tag(volume.Tags, lineage.Source) != "" {
			restored = append(restored, volume)
		}
	}
	return restored, nil
}

// ofRun selects what carries the tag of the rehearsed run.
func (r *rehearsal) ofRun() []types.Filter {
	return []types.Filter{{Name: aws.String("tag:" + lineage.Run), Values: []string{r.record.State.Run}}}
}

func (r *rehearsal) snapshotPoint(ctx context.Context, volume types.Volume) (report.RecoveryPoint, error) {
	source, region, ok := r.cloud.Front.SourceOf(aws.ToString(volume.SnapshotId))
	if !ok {
		return report.RecoveryPoint{}, fmt.Errorf("volume %s was restored from %s, which is no copy", aws.ToString(volume.VolumeId), aws.ToString(volume.SnapshotId))
	}
	out, err := ec2.NewFromConfig(r.cloud.Upstream(region)).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{source}})
	if err != nil {
		return report.RecoveryPoint{}, err
	}
	policy := tag(out.Snapshots[0].Tags, lineage.Policy)
	return r.point(source+" of "+aws.ToString(out.Snapshots[0].VolumeId), policy, aws.ToTime(out.Snapshots[0].StartTime)), nil
}

// imagePoints are the images that the launched instances run: software, whose
// age counts against its own policy and not as lost data.
func (r *rehearsal) imagePoints(ctx context.Context, away *ec2.Client) error {
	out, err := away.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: r.ofRun()})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, reservation := range out.Reservations {
		for _, instance := range reservation.Instances {
			image := aws.ToString(instance.ImageId)
			source, region, copied := r.cloud.Front.SourceOf(image)
			if seen[image] || !copied {
				continue
			}
			seen[image] = true
			found, err := ec2.NewFromConfig(r.cloud.Upstream(region)).DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{source}})
			if err != nil {
				return err
			}
			if len(found.Images) == 0 {
				return errors.New("image " + source + " is gone")
			}
			taken, err := time.Parse(time.RFC3339, aws.ToString(found.Images[0].CreationDate))
			if err != nil {
				return err
			}
			r.report.RecoveryPoints = append(r.report.RecoveryPoints, r.point(source, tag(found.Images[0].Tags, lineage.Policy), taken))
		}
	}
	return nil
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
