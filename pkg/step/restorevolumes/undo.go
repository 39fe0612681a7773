package restorevolumes

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Undo detaches and deletes the volumes that this run and step made. What was
// written to them since they were attached goes with them.
func (k *Kind) Undo(ctx context.Context, r step.Run, _ plan.RestoreVolumes) (step.Progress, error) {
	volumes, err := k.volumes(ctx, r)
	if err != nil {
		return step.Progress{}, err
	}
	left := 0
	for _, v := range volumes {
		if !r.Mine(tagsOf(v)) || v.State == types.VolumeStateDeleted {
			continue
		}
		left++
		if err := k.remove(ctx, v); err != nil {
			return step.Progress{}, fmt.Errorf("take back volume %s: %w", aws.ToString(v.VolumeId), err)
		}
	}
	if left > 0 {
		return step.Pending(fmt.Sprintf("%d volumes are being detached and deleted", left)), nil
	}
	return step.Nothing("no volume is left that this step made"), nil
}

// remove makes the next move away from one volume.
func (k *Kind) remove(ctx context.Context, v types.Volume) error {
	var err error
	switch {
	case len(v.Attachments) > 0 && v.Attachments[0].State != types.VolumeAttachmentStateDetaching:
		_, err = k.ec2.DetachVolume(ctx, &ec2.DetachVolumeInput{VolumeId: v.VolumeId, InstanceId: v.Attachments[0].InstanceId})
	case v.State == types.VolumeStateAvailable, v.State == types.VolumeStateError:
		_, err = k.ec2.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: v.VolumeId})
	}
	if is(err, notYet...) {
		return nil
	}
	return err
}

func tagsOf(v types.Volume) map[string]string {
	tags := map[string]string{}
	for _, t := range v.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}
