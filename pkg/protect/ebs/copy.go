package ebs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// copy starts what is missing, most urgent first, up to the free slots. When AWS
// says that there are fewer, the rest waits for a later pass.
func (p *Pass) copy(ctx context.Context, to *side, missing backlog.Copies, sources []lineage.Point) error {
	to.done.Waiting += missing.Held
	if len(missing.Wanted) == 0 {
		return nil
	}
	room, err := p.room(ctx)
	if err != nil {
		return err
	}
	failed := []error{p.usable(ctx, to, &missing, room, sources)}
	start := missing.Start(room, p.Now)
	to.done.Waiting += len(missing.Wanted) - len(start)
	for i, source := range start {
		// An image with more disks than there are slots at all would wait for ever.
		if room.Free -= min(max(len(source.Parts), 1), backlog.Slots); room.Free < 0 {
			to.done.Waiting += len(start) - i
			return errors.Join(failed...)
		}
		err := p.begin(ctx, source, &to.done)
		switch {
		case err == nil:
			to.done.Copied++
			p.Log.Info("copy begun", "region", p.To.Region, "source", source.ID, "volume", source.Origin, "deadline", source.Deadline, "within", source.Within.String())
		case protect.Later(err):
			to.done.Waiting += len(start) - i
			to.done.Problems = append(to.done.Problems, Full(err, p.To.Region)...)
			return errors.Join(failed...)
		default:
			failed = append(failed, fmt.Errorf("copy %s of %s to %s: %w", source.ID, source.Line(), p.To.Region, err))
			if failure.Unanswered(err) { // nor would the others be answered
				to.done.Waiting += len(start) - i
				return errors.Join(failed...)
			}
		}
	}
	return errors.Join(failed...)
}

// Full tells of a region that holds as many snapshots as EC2 allows, which passes
// only slowly: what is marked for deletion is a day from it.
func Full(err error, region string) []string {
	if failure.Code(err) != protect.SnapshotsFull {
		return nil
	}
	return []string{region + " holds as many snapshots as EC2 allows: keep fewer, or have its quota raised"}
}

// usable leaves out the copies that their keys would fail: they wait for a later
// pass, which looks again. Nothing is asked while nothing could be begun.
func (p *Pass) usable(ctx context.Context, to *side, missing *backlog.Copies, room backlog.Room, sources []lineage.Point) error {
	if p.keys == nil || room.Free <= 0 {
		return nil
	}
	fine, announced, err := p.keys.Check(ctx, p.Pass, missing.Wanted, sources, to.Copies)
	to.done.Announced = announced
	to.done.Waiting += len(missing.Wanted) - len(fine)
	missing.Wanted = fine
	return err
}

// begin begins one copy. One that AWS does not make in the time that was asked
// for is begun on best effort: late is better than not at all. The code with which
// AWS says so is not documented; InvalidParameter… is what EC2 has for a value
// that it does not take.
func (p *Pass) begin(ctx context.Context, source backlog.Copy, done *protect.Result) error {
	point := source.Point
	point.Under = p.Key()
	tags, left := lineage.Carry(lineage.CopyTags(p.Plan, point), point.Tags, p.selected())
	if len(left) > 0 {
		done.Problems = append(done.Problems, fmt.Sprintf("%s has more tags than the %d that a copy carries: %s stay behind; take some off that nobody needs",
			point.Line(), lineage.Most, strings.Join(left, ", ")))
	}
	if err := p.share(ctx, point); err != nil {
		return err
	}
	within := int32(source.Within / time.Minute)
	err := p.kind.Copy(ctx, point, within, tags)
	if within > 0 && strings.HasPrefix(failure.Code(err), "InvalidParameter") {
		err = p.kind.Copy(ctx, point, 0, tags)
	}
	return err
}

// selected are the tags that the policy knows its own by: a volume that is
// restored without them would be protected no more.
func (p *Pass) selected() map[string]string {
	switch {
	case p.Policy.Volumes != nil:
		return p.Policy.Volumes.Tags
	case p.Policy.Snapshots != nil:
		return p.Policy.Snapshots.Tags
	}
	return nil
}

// room counts what is in flight in AWS, whoever began it: a counter of our own
// would not know of the copies that other tools make. The copy of an image takes a
// slot for each of its snapshots.
func (p *Pass) room(ctx context.Context) (backlog.Room, error) {
	pending, err := Snapshots(ctx, p.In(p.To), []types.Filter{tagged.Filter("status", string(types.SnapshotStatePending))})
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
	return s.TransferType != "" || strings.HasPrefix(aws.ToString(s.VolumeId), NoVolume) ||
		tagged.Of(s.Tags)[lineage.Source] != ""
}

// NoVolume begins the volume id of a snapshot that was copied, which means nothing.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
const NoVolume = "vol-ffff"
