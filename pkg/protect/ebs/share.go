package ebs

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// sharing is what lets another account copy a point.
type sharing interface {
	ModifySnapshotAttribute(context.Context, *ec2.ModifySnapshotAttributeInput, ...func(*ec2.Options)) (*ec2.ModifySnapshotAttributeOutput, error)
	ModifyImageAttribute(context.Context, *ec2.ModifyImageAttributeInput, ...func(*ec2.Options)) (*ec2.ModifyImageAttributeOutput, error)
}

// share lets the account that copies go to copy a point, when it is another one:
// right before the copy, so that nothing is shared that is not copied. Sharing twice
// changes nothing. What another tool took is never changed: whoever has it adopted
// shares it. An image needs its snapshots shared as well. What is encrypted
// with an AWS managed key cannot be shared: AWS says so, and so does the key check.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
func (p *Pass) share(ctx context.Context, source lineage.Point) error {
	with := p.To.Account
	if p.From.Account == with || p.Policy.Snapshots != nil {
		return nil
	}
	from, snapshots := p.In(p.From), source.Parts
	if strings.HasPrefix(source.ID, "ami-") {
		_, err := from.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{
			ImageId:          aws.String(source.ID),
			LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{{UserId: aws.String(with)}}},
		})
		if err != nil {
			return fmt.Errorf("share %s with account %s: %w", source.ID, with, err)
		}
	} else {
		snapshots = []string{source.ID}
	}
	for _, id := range snapshots {
		_, err := from.ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{
			SnapshotId:    aws.String(id),
			Attribute:     types.SnapshotAttributeNameCreateVolumePermission,
			OperationType: types.OperationTypeAdd,
			UserIds:       []string{with},
		})
		if err != nil {
			return fmt.Errorf("share %s with account %s: %w", id, with, err)
		}
	}
	return nil
}
