package restorevolumes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// notYet are refusals that a later look resolves: the volume or the instance is
// between two states, or the call came twice.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var notYet = []string{"VolumeInUse", "IncorrectState", "IncorrectInstanceState", "InvalidVolume.NotFound"}

// move makes the next move for one point, of which v is the volume so far.
func (k *Kind) move(ctx context.Context, r step.Run, spec plan.RestoreVolumes, point lineage.Point, to target, v types.Volume) error {
	id := aws.ToString(v.VolumeId)
	switch {
	case id == "":
		return k.create(ctx, r, spec, point, to)
	case len(v.Attachments) > 0 && aws.ToString(v.Attachments[0].InstanceId) != to.id:
		return step.Permanent("volume %s is attached to %s, which this run did not do: detach it, then retry", id, aws.ToString(v.Attachments[0].InstanceId))
	case v.State == types.VolumeStateAvailable && len(v.Attachments) == 0:
		_, err := k.ec2.AttachVolume(ctx, &ec2.AttachVolumeInput{
			VolumeId: v.VolumeId, InstanceId: aws.String(to.id), Device: aws.String(point.Device),
		})
		if is(err, notYet...) {
			return nil
		}
		return err
	}
	return nil
}

// tries are what sets the tokens of two tries at one volume apart.
var tries = []string{"first", "second"}

// create asks for gp3, whose speed does not hang on its size. A volume from an
// encrypted snapshot is encrypted with the snapshot's key. Without a rate, a volume is
// there at once and its blocks come from S3 when they are first read.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
// https://docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html
func (k *Kind) create(ctx context.Context, r step.Run, spec plan.RestoreVolumes, point lineage.Point, to target) error {
	// A snapshot carries no more of the team's tags than fit here, too, unless
	// somebody tagged it since: what is too much stays there.
	lineages := r.Made()
	maps.Copy(lineages, map[string]string{
		lineage.Policy:   point.Policy,
		lineage.Set:      point.Set,
		lineage.Source:   point.ID,
		lineage.Origin:   point.Origin,
		lineage.Instance: to.id,
		lineage.Device:   point.Device,
		lineage.TakenAt:  point.TakenAt.UTC().Format(time.RFC3339),
	})
	tags, _ := lineage.Carry(lineages, point.Tags, nil)
	var rate *int32
	if spec.Rate > 0 {
		rate = aws.Int32(int32(spec.Rate))
	}
	// KMS is asked after EC2 has answered. Where this role may not use the key, the
	// new volume vanishes without a word, and its token answers a mismatch from then
	// on, as after a person deleted the volume: so one more token, and no more.
	// https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/3010
	for _, try := range tries {
		_, err := k.ec2.CreateVolume(ctx, &ec2.CreateVolumeInput{
			SnapshotId:        aws.String(point.ID),
			AvailabilityZone:  aws.String(to.zone),
			VolumeType:        types.VolumeTypeGp3,
			ClientToken:       aws.String(r.Token("volume", point.ID, to.id, try)),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVolume, Tags: list(tags)}},

			VolumeInitializationRate: rate,
		})
		if !is(err, "IdempotentParameterMismatch") {
			return err
		}
	}
	return step.Permanent("EC2 took back every volume it made of %s, as it does when this step's role may not use the snapshot's key (%s): let it, then start a new run", point.ID, point.Key)
}

// discard deletes duplicates. What is being created, or is attached by someone,
// stays for a later look; what does not carry this run's own tags is never
// touched, whatever the filter of the look said.
func (k *Kind) discard(ctx context.Context, r step.Run, surplus []types.Volume) error {
	for _, v := range surplus {
		own := tag(v, lineage.Run) == r.ID && tag(v, lineage.Step) == r.Step && tag(v, lineage.Plan) == r.Plan
		if !own || v.State != types.VolumeStateAvailable || len(v.Attachments) > 0 {
			continue
		}
		_, err := k.ec2.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: v.VolumeId})
		if err != nil && !is(err, notYet...) {
			return fmt.Errorf("delete duplicate volume %s: %w", aws.ToString(v.VolumeId), err)
		}
	}
	return nil
}

// is says whether AWS refused with one of the codes.
func is(err error, codes ...string) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && slices.Contains(codes, refused.ErrorCode())
}

func list(tags map[string]string) []types.Tag {
	var all []types.Tag
	for key, value := range tags {
		all = append(all, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	slices.SortFunc(all, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return all
}
