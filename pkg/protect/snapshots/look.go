package snapshots

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// volumesPage is the most volumes that EC2 gives in one answer.
const volumesPage = 500

// Look lists the points of the policy, and on the side that serves what they are
// to be made of.
func (k kind) Look(ctx context.Context, at protect.Site) (seen ebs.Seen, err error) {
	if at.Region == k.From.Region {
		switch {
		case k.Policy.Snapshots != nil:
			err = k.adopt(ctx, &seen)
		case k.Policy.Volumes != nil:
			seen.Volumes, err = k.volumes(ctx)
		}
		if err != nil {
			return seen, err
		}
	}
	snapshots, err := ebs.Snapshots(ctx, k.In(at), tagged.Lineage(k.Plan, k.Policy.Name))
	if err != nil {
		return seen, fmt.Errorf("list the snapshots: %w", err)
	}
	seen.Own, seen.Copies = ebs.Divide(points(snapshots, at.Region))
	if k.Policy.Volumes != nil {
		seen.Sources = sources(seen.Own, seen.Volumes)
		seen.Subjects = subjects(seen.Volumes)
	}
	return seen, nil
}

// volumes are the attached volumes that the policy selects. A volume that is
// attached to several instances belongs to the set of the first.
func (k kind) volumes(ctx context.Context) ([]backlog.Volume, error) {
	var volumes []backlog.Volume
	pages := ec2.NewDescribeVolumesPaginator(k.In(k.From), &ec2.DescribeVolumesInput{
		Filters:    append(tagged.Filters(k.Policy.Volumes.Tags), tagged.Filter("status", string(types.VolumeStateInUse))),
		MaxResults: aws.Int32(volumesPage),
	})
	for pages.HasMorePages() {
		page, err := ebs.Page(ctx, pages.NextPage)
		if err != nil {
			return nil, fmt.Errorf("list the volumes: %w", err)
		}
		for _, v := range page.Volumes {
			if len(v.Attachments) == 0 {
				continue
			}
			at := slices.MinFunc(v.Attachments, func(a, b types.VolumeAttachment) int {
				return cmp.Compare(aws.ToString(a.InstanceId), aws.ToString(b.InstanceId))
			})
			volumes = append(volumes, backlog.Volume{
				ID:       aws.ToString(v.VolumeId),
				Instance: aws.ToString(at.InstanceId),
				Device:   aws.ToString(at.Device),
				GiB:      int(aws.ToInt32(v.Size)),
				Tags:     lineage.Own(tagged.Of(v.Tags)),
			})
		}
	}
	return volumes, nil
}

// subjects are the instances that the volumes are attached to.
func subjects(volumes []backlog.Volume) []protect.Source {
	var found []protect.Source
	at := map[string]int{}
	for _, v := range volumes {
		i, ok := at[v.Instance]
		if !ok {
			i, at[v.Instance] = len(found), len(found)
			found = append(found, protect.Source{ID: v.Instance})
		}
		found[i].GiB += v.GiB
	}
	return found
}

// sources are the snapshots taken, with the device and the tags that their volume
// has now: copies are begun minutes after. No tag of a call that snapshots several
// volumes could say what one of them has. CreateSnapshots can copy each volume's
// tags itself, but would take Pilotlight's own of a restored volume with them,
// which say that it is a copy, and AWS does not say what becomes of a volume with
// more tags than go beside those of the request: a copy can leave some behind, a
// snapshot that is not taken is no protection.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html
func sources(own []lineage.Point, volumes []backlog.Volume) []lineage.Point {
	now := make(map[string]*backlog.Volume, len(volumes))
	for i := range volumes {
		now[volumes[i].ID] = &volumes[i]
	}
	taken := slices.Clone(own)
	for i := range taken {
		if v := now[taken[i].Origin]; v != nil {
			taken[i].Device, taken[i].Tags = v.Device, v.Tags
		}
	}
	return taken
}

// points are the snapshots that are points of their own, and not parts of an image.
func points(snapshots []types.Snapshot, region string) []lineage.Point {
	found := make([]lineage.Point, 0, len(snapshots))
	for _, s := range snapshots {
		if p := point(s, region); p.Instance != "" {
			found = append(found, p)
		}
	}
	return found
}

// point: of a copy, the tags say which volume it is of, and when it was taken.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
func point(s types.Snapshot, region string) lineage.Point {
	return lineage.Point{
		ID:      aws.ToString(s.SnapshotId),
		Region:  region,
		Origin:  aws.ToString(s.VolumeId),
		TakenAt: aws.ToTime(s.StartTime),
		Started: aws.ToTime(s.StartTime),
		Done:    aws.ToTime(s.CompletionTime),
		State:   state(s),
		SizeGiB: int(aws.ToInt32(s.VolumeSize)),
		Plain:   !aws.ToBool(s.Encrypted),
		Key:     aws.ToString(s.KmsKeyId),
		Fault:   aws.ToString(s.StateMessage),
	}.Tagged(tagged.Of(s.Tags))
}

// state: what is neither done nor failed is neither used nor deleted. That also
// holds for an archived snapshot, from which nothing can be restored at once.
func state(s types.Snapshot) lineage.State {
	switch {
	case s.State == types.SnapshotStateCompleted && s.StorageTier != types.StorageTierArchive:
		return lineage.Complete
	case s.State == types.SnapshotStateError:
		return lineage.Failed
	default:
		return lineage.Pending
	}
}
