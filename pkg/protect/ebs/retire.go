package ebs

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/locks"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// retire applies retention to what one site holds, of this direction and of the
// other one. What something holds on to must be known before.
func (p *Pass) retire(ctx context.Context, s *side, outstanding map[string]bool) error {
	inUse, err := p.kind.InUse(ctx, s.Site, p.fit(s.Copies), &s.done)
	if err != nil && inUse == nil {
		return err
	}
	s.fail(err)
	locked, waiting, err := locks.Keep(ctx, p.In(s.Site), p.Pass, s.Site, p.fit(s.Copies))
	if locked == nil {
		return err
	}
	s.fail(err)
	s.done.Waiting += waiting
	guards := retention.Guards{InUse: inUse, Pinned: p.Pinned, Copied: outstanding, Locked: locked}
	steps := retention.Moves(p.judge(s.Seen, guards), p.Now)
	held := p.beingRestored(ctx, s, steps.Delete)
	marked, deleted, err := tagged.Retirement{
		Region: p.In(s.Site),
		Now:    p.Now,
		Log:    p.Log.With("region", s.Region),
		Delete: func(ctx context.Context, point lineage.Point) error {
			if held(point) {
				return errBusy
			}
			return p.kind.Delete(ctx, s.Site, point)
		},
	}.Apply(ctx, steps)
	s.done.Marked += marked
	s.done.Deleted += deleted
	return err
}

// judge judges the two piles apart, so that neither loses its newest usable point
// to the other's. Where bare copies do not count any more, the newest that does
// count stays as well, however old it is.
func (p *Pass) judge(seen Seen, guards retention.Guards) []retention.Verdict {
	rules := retention.Rules{Keep: p.Policy.Keep, RPO: p.Policy.RPO.D()}
	own := retention.Select(seen.Own, rules, p.Now, guards)
	copies := retention.Select(seen.Copies, rules, p.Now, guards)
	if fit := p.fit(seen.Copies); len(fit) < len(seen.Copies) {
		kept := map[string]retention.Verdict{}
		for _, v := range retention.Select(fit, rules, p.Now, guards) {
			if v.Keep {
				kept[v.Point.ID] = v
			}
		}
		for i, v := range copies {
			if why, ok := kept[v.Point.ID]; ok && !v.Keep {
				copies[i] = why
			}
		}
	}
	return append(own, copies...)
}

// errBusy is why a point that AWS is making a volume of stays until a later pass.
var errBusy = fmt.Errorf("a volume is being made from it: %w", tagged.ErrKept)

// beingRestored says which points AWS is making a volume of right now, maybe for a
// run that pinned nothing: a person restores by hand as well. One listing, and only
// when something is to be deleted. When it fails, nothing is.
func (p *Pass) beingRestored(ctx context.Context, s *side, doomed []retention.Verdict) func(lineage.Point) bool {
	if len(doomed) == 0 {
		return nil
	}
	busy := map[string]bool{}
	pages := ec2.NewDescribeVolumesPaginator(p.In(s.Site), &ec2.DescribeVolumesInput{
		Filters:    []types.Filter{tagged.Filter("status", string(types.VolumeStateCreating))},
		MaxResults: aws.Int32(volumesPage),
	})
	for pages.HasMorePages() {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			s.fail(fmt.Errorf("list the volumes that are being created in %s: %w", s.Region, err))
			return func(lineage.Point) bool { return true }
		}
		for _, v := range answer.Volumes {
			busy[aws.ToString(v.SnapshotId)] = true
		}
	}
	return func(point lineage.Point) bool {
		return busy[point.ID] || slices.ContainsFunc(point.Parts, func(part string) bool { return busy[part] })
	}
}

// volumesPage is the most volumes that EC2 gives in one answer.
const volumesPage = 500
