package retire

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// volumesOf removes the volumes that outlive their instances, which are those with
// data: each after a snapshot of it is complete. CreateSnapshot takes no token, so
// the snapshot is looked for first, by its volume and by this step's tags.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html
func (s side) volumesOf(ctx context.Context, r step.Run, own found) (wait []string, err error) {
	volumes, err := s.volumes(ctx, r)
	if err != nil || len(volumes) == 0 {
		return nil, err
	}
	last, err := s.snapshots(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, v := range volumes {
		id := aws.ToString(v.VolumeId)
		one, err := s.volume(ctx, r, v, own, last[id])
		if err != nil {
			return nil, err
		}
		wait = append(wait, "volume "+id+" is "+one)
	}
	return wait, nil
}

func (s side) volume(ctx context.Context, r step.Run, v types.Volume, own found, last *types.Snapshot) (string, error) {
	id := aws.ToString(v.VolumeId)
	switch other := stranger(v, own); {
	case other != "":
		return "attached to " + other + ", which this step does not remove: detach it if the volume may go", nil
	case v.State == types.VolumeStateInUse:
		return "detached", nil
	case last == nil:
		_, err := s.ec2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
			VolumeId: v.VolumeId, Description: aws.String("last of " + id),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: ec2List(r.Made())}},
		})
		if err != nil {
			return "", fmt.Errorf("take the last snapshot of %s: %w", id, err)
		}
		return "snapshotted", nil
	case last.State == types.SnapshotStateError:
		return "", step.Permanent("the last snapshot %s of volume %s has failed: delete that snapshot and retry", aws.ToString(last.SnapshotId), id)
	case last.State != types.SnapshotStateCompleted:
		return "snapshotted", nil
	}
	_, err := s.ec2.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: v.VolumeId})
	if err != nil && failure.Code(err) != "InvalidVolume.NotFound" {
		return "", fmt.Errorf("delete volume %s: %w", id, err)
	}
	return "deleted", nil
}

// stranger is the instance that has a volume and stays: somebody has attached it there
// since, and no wait frees it. Empty: none has.
func stranger(v types.Volume, own found) string {
	for _, a := range v.Attachments {
		if id := aws.ToString(a.InstanceId); a.State != types.VolumeAttachmentStateDetached && !slices.Contains(own.all, id) {
			return id
		}
	}
	return ""
}

// volumes are those of earlier runs that are there still.
func (s side) volumes(ctx context.Context, r step.Run) ([]types.Volume, error) {
	var all []types.Volume
	pages := ec2.NewDescribeVolumesPaginator(s.ec2, &ec2.DescribeVolumesInput{Filters: ofPlan(r)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the volumes in %s: %w", s.region, err)
		}
		for _, v := range page.Volumes {
			if earlier(r, ec2Tags(v.Tags)) && v.State != types.VolumeStateDeleting {
				all = append(all, v)
			}
		}
	}
	return all, nil
}

// snapshots are the last ones that this step took, by volume.
func (s side) snapshots(ctx context.Context, r step.Run) (map[string]*types.Snapshot, error) {
	last := map[string]*types.Snapshot{}
	pages := ec2.NewDescribeSnapshotsPaginator(s.ec2, &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"},
		Filters:  append(ofPlan(r), types.Filter{Name: aws.String("tag:" + lineage.Run), Values: []string{r.ID}}),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the snapshots in %s: %w", s.region, err)
		}
		for _, one := range page.Snapshots {
			if r.Mine(ec2Tags(one.Tags)) {
				last[aws.ToString(one.VolumeId)] = &one
			}
		}
	}
	return last, nil
}

// spareVolumes deletes the last snapshots of volumes that are there still.
func (s side) spareVolumes(ctx context.Context, r step.Run) error {
	volumes, err := s.volumes(ctx, r)
	if err != nil {
		return err
	}
	last, err := s.snapshots(ctx, r)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		one := last[aws.ToString(v.VolumeId)]
		if one == nil {
			continue
		}
		_, err := s.ec2.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: one.SnapshotId})
		if err != nil && failure.Code(err) != "InvalidSnapshot.NotFound" {
			return fmt.Errorf("delete snapshot %s: %w", aws.ToString(one.SnapshotId), err)
		}
	}
	return nil
}

// goneVolumes are those of which only the last snapshot is left.
func (s side) goneVolumes(ctx context.Context, r step.Run) ([]string, error) {
	volumes, err := s.volumes(ctx, r)
	if err != nil {
		return nil, err
	}
	last, err := s.snapshots(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, v := range volumes {
		delete(last, aws.ToString(v.VolumeId))
	}
	var gone []string
	for id, one := range last {
		gone = append(gone, fmt.Sprintf("volume %s (last snapshot %s)", id, aws.ToString(one.SnapshotId)))
	}
	return gone, nil
}

func ec2List(tags map[string]string) []types.Tag {
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	return list
}
