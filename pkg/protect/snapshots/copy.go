package snapshots

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// copy starts what is missing, most urgent first, up to the free slots. When AWS
// says that there are fewer, the rest waits for a later pass.
func (p *pass) copy(ctx context.Context, missing backlog.Copies) error {
	p.result.Waiting += missing.Held
	if len(missing.Wanted) == 0 {
		return nil
	}
	room, err := p.room(ctx)
	if err != nil {
		return err
	}
	start := missing.Start(room, p.Now)
	p.result.Waiting += len(missing.Wanted) - len(start)
	var failed []error
	for i, source := range start {
		err := p.begin(ctx, source)
		switch {
		case err == nil:
			p.result.Copied++
			p.log.Info("copy begun", "region", p.To.Region, "source", source.ID, "volume", source.Origin, "deadline", source.Deadline, "within", source.Within.String())
		case protect.Later(err):
			p.result.Waiting += len(start) - i
			return errors.Join(failed...)
		default:
			failed = append(failed, fmt.Errorf("copy %s of volume %s to %s: %w", source.ID, source.Origin, p.To.Region, err))
		}
	}
	return errors.Join(failed...)
}

// begin begins one copy. One that AWS does not make in the time that was asked
// for is begun on best effort: late is better than not at all. The code with which
// AWS says so is not documented; InvalidParameter… is what EC2 has for a value
// that it does not take.
func (p *pass) begin(ctx context.Context, source backlog.Copy) error {
	in := p.copyOf(source)
	_, err := p.to.CopySnapshot(ctx, in)
	if in.CompletionDurationMinutes != nil && strings.HasPrefix(failure.Code(err), "InvalidParameter") {
		in.CompletionDurationMinutes = nil
		_, err = p.to.CopySnapshot(ctx, in)
	}
	return err
}

// copyOf names the source region and nothing more of the source: the SDK signs
// the request that the destination sends there.
func (p *pass) copyOf(source backlog.Copy) *ec2.CopySnapshotInput {
	in := &ec2.CopySnapshotInput{
		SourceRegion:      aws.String(p.From.Region),
		SourceSnapshotId:  aws.String(source.ID),
		Description:       aws.String("Pilotlight: " + p.Plan + "/" + p.Policy.Name + " copy of " + source.ID),
		TagSpecifications: []types.TagSpecification{tagged.On(types.ResourceTypeSnapshot, lineage.CopyTags(p.Plan, source.Point))},
	}
	if source.Within > 0 {
		in.CompletionDurationMinutes = aws.Int32(int32(source.Within.Minutes()))
	}
	if p.Policy.Key != "" {
		in.Encrypted, in.KmsKeyId = aws.Bool(true), aws.String(p.Policy.Key)
	}
	return in
}

// room counts what is in flight in AWS, whoever began it: a counter of our own
// would not know of the copies that other tools make.
func (p *pass) room(ctx context.Context) (backlog.Room, error) {
	pending, err := list(ctx, p.to, []types.Filter{tagged.Filter("status", string(types.SnapshotStatePending))})
	if err != nil {
		return backlog.Room{}, fmt.Errorf("count the copies in flight in %s: %w", p.To.Region, err)
	}
	room := backlog.Room{Slots: backlog.Slots, Free: backlog.Slots, Speed: backlog.Together}
	for _, s := range pending {
		if !isCopy(s) {
			continue
		}
		room.Free--
		if tags := tagged.Of(s.Tags); tags[lineage.Plan] != p.Plan || tags[lineage.Policy] != p.Policy.Name {
			room.Slots--
		}
		if minutes := aws.ToInt32(s.CompletionDurationMinutes); minutes > 0 {
			room.Speed -= backlog.Promised(int(aws.ToInt32(s.VolumeSize)), time.Duration(minutes)*time.Minute)
		}
	}
	return room, nil
}

// isCopy: only a copy has a transfer type. The placeholder volume id is what
// copies had before there was one.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
func isCopy(s types.Snapshot) bool {
	return s.TransferType != "" || strings.HasPrefix(aws.ToString(s.VolumeId), "vol-ffff") ||
		tagged.Of(s.Tags)[lineage.Source] != ""
}
