package launchinstances

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Undo takes what this run and step launched out of its target group, terminates
// it, and deletes what volumes are left of it.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.LaunchInstances) (step.Progress, error) {
	all, err := k.look(ctx, r)
	if err != nil {
		return step.Progress{}, err
	}
	ours := all.where(func(i types.Instance) bool {
		return r.Mine(tagsOf(i.Tags)) && stateOf(i) != types.InstanceStateNameTerminated
	})
	group := spec.Targets
	if r.Drill != nil {
		group = spec.DrillTargets
	}
	if err := k.deregister(ctx, group, ours); err != nil {
		return step.Progress{}, err
	}
	if err := k.terminate(ctx, ours); err != nil {
		return step.Progress{}, err
	}
	if len(ours) > 0 {
		return step.Pending(fmt.Sprintf("%d instances are being terminated", len(ours))), nil
	}
	left, err := k.sweep(ctx, r)
	if err != nil || left > 0 {
		return step.Pending(fmt.Sprintf("%d volumes of terminated instances are being deleted", left)), err
	}
	return step.Nothing("nothing runs that this step launched"), nil
}

func (k *Kind) terminate(ctx context.Context, ours fleet) error {
	dying := ours.where(func(i types.Instance) bool { return stateOf(i) != types.InstanceStateNameShuttingDown })
	if len(dying) == 0 {
		return nil
	}
	if _, err := k.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: dying.ids()}); err != nil {
		return fmt.Errorf("terminate %d instances: %w", len(dying), err)
	}
	return nil
}

// sweep deletes the volumes that the launch made and that outlived their instances,
// because the template or the image does not have them deleted on termination, and
// counts those that are still there.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html
func (k *Kind) sweep(ctx context.Context, r step.Run) (left int, err error) {
	pages := ec2.NewDescribeVolumesPaginator(k.ec2, &ec2.DescribeVolumesInput{Filters: []types.Filter{
		tagged(lineage.Plan, r.Plan), tagged(lineage.Run, r.ID), tagged(lineage.Step, r.Step),
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("look for volumes of step %s: %w", r.Step, err)
		}
		for _, v := range page.Volumes {
			if !r.Mine(tagsOf(v.Tags)) || v.State == types.VolumeStateDeleted {
				continue
			}
			left++
			if v.State != types.VolumeStateAvailable {
				continue
			}
			if _, err := k.ec2.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: v.VolumeId}); err != nil && !gone(err) {
				return 0, fmt.Errorf("delete volume %s: %w", aws.ToString(v.VolumeId), err)
			}
		}
	}
	return left, nil
}

func gone(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && refused.ErrorCode() == "InvalidVolume.NotFound"
}

func tagsOf(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, tag := range list {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}
