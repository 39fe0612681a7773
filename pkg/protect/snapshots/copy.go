package snapshots

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// slots is how many copies may be in flight to one destination region.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
const slots = 20

// copy starts what is missing, most urgent first, up to the free slots. When AWS
// says that there are fewer, the rest waits for a later pass.
func (p *pass) copy(ctx context.Context, missing backlog.Copies) error {
	p.result.Waiting += missing.Held
	if len(missing.Wanted) == 0 {
		return nil
	}
	free, err := p.freeSlots(ctx)
	if err != nil {
		return err
	}
	start := missing.Wanted[:min(free, len(missing.Wanted))]
	p.result.Waiting += len(missing.Wanted) - len(start)
	var failed []error
	for i, source := range start {
		_, err := p.recovery.CopySnapshot(ctx, p.copyOf(source))
		switch {
		case err == nil:
			p.result.Copied++
			p.log.Info("copy begun", "region", p.Recovery, "source", source.ID, "volume", source.Origin)
		case protect.Later(err):
			p.result.Waiting += len(start) - i
			return errors.Join(failed...)
		default:
			failed = append(failed, fmt.Errorf("copy %s of volume %s to %s: %w", source.ID, source.Origin, p.Recovery, err))
		}
	}
	return errors.Join(failed...)
}

// copyOf names the source region and nothing more of the source: the SDK signs
// the request that the destination sends there.
func (p *pass) copyOf(source lineage.Point) *ec2.CopySnapshotInput {
	in := &ec2.CopySnapshotInput{
		SourceRegion:      aws.String(p.Primary),
		SourceSnapshotId:  aws.String(source.ID),
		Description:       aws.String("Pilotlight: " + p.Plan + "/" + p.Policy.Name + " copy of " + source.ID),
		TagSpecifications: []types.TagSpecification{tagged.On(types.ResourceTypeSnapshot, lineage.CopyTags(p.Plan, source))},
	}
	if p.Policy.Key != "" {
		in.Encrypted, in.KmsKeyId = aws.Bool(true), aws.String(p.Policy.Key)
	}
	return in
}

// freeSlots counts what is in flight in AWS, whoever began it: a counter of our
// own would not know of the copies that other tools make.
func (p *pass) freeSlots(ctx context.Context) (int, error) {
	pending, err := list(ctx, p.recovery, []types.Filter{tagged.Filter("status", string(types.SnapshotStatePending))})
	if err != nil {
		return 0, fmt.Errorf("count the copies in flight in %s: %w", p.Recovery, err)
	}
	busy := 0
	for _, s := range pending {
		if isCopy(s) {
			busy++
		}
	}
	return max(slots-busy, 0), nil
}

// isCopy: only a copy has a transfer type. The placeholder volume id is what
// copies had before there was one.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
func isCopy(s types.Snapshot) bool {
	return s.TransferType != "" || strings.HasPrefix(aws.ToString(s.VolumeId), "vol-ffff") ||
		tagged.Of(s.Tags)[lineage.Source] != ""
}
