package restorevolumes

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check looks for a snapshot of the policy that is complete, and has EC2 try to make
// a volume of it dry, with the step's own role. Whether instances run to attach it
// to is not asked: an earlier step may launch them.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.RestoreVolumes) ([]string, error) {
	out, err := k.ec2.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"},
		Filters: []types.Filter{
			filter("tag:"+lineage.Plan, r.Plan), filter("tag:"+lineage.Policy, spec.Policy), filter("status", string(types.SnapshotStateCompleted)),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("look for recovery points of policy %s: %w", spec.Policy, err)
	}
	if len(out.Snapshots) == 0 {
		return []string{fmt.Sprintf("Policy %s has no complete recovery point in %s: see why with pilotlight points.", spec.Policy, r.Recovery)}, nil
	}
	return k.dryRun(ctx, r, aws.ToString(out.Snapshots[0].SnapshotId))
}

// dryRun has EC2 try a volume in any zone of the region: rights and key are what is
// tried.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
func (k *Kind) dryRun(ctx context.Context, r step.Run, snapshot string) ([]string, error) {
	_, err := k.ec2.CreateVolume(ctx, &ec2.CreateVolumeInput{
		DryRun: aws.Bool(true), SnapshotId: aws.String(snapshot), AvailabilityZone: aws.String(r.Recovery + "a"), VolumeType: types.VolumeTypeGp3,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVolume, Tags: list(r.Made())}},
	})
	return step.Tried("a volume of "+snapshot, err)
}
