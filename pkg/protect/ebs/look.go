package ebs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

const (
	// patience is how long a region is waited for before the pass goes on without
	// it: less than half of what a pass has (protect.PassLimit). It is for one
	// answer, because a policy with many points has many pages, and slow is not gone.
	patience = 25 * time.Second
	// looking is how long all answers of a region may take together: the rest of
	// the pass is to act. That is some 27,000 points of a policy in a region, at
	// the 1.7 s that a page of a thousand takes.
	looking = 45 * time.Second
)

// side is one site in a pass.
type side struct {
	protect.Site
	Seen
	err    error // why nothing is known of it
	failed []error
	done   protect.Result
}

func (s *side) fail(err error) {
	if err != nil {
		s.failed = append(s.failed, err)
	}
}

// look looks at every site at once: the first side is the one that serves, the
// second the one that copies go to.
func (p *Pass) look(ctx context.Context) []*side {
	var sides []*side
	var all sync.WaitGroup
	for _, site := range sites(p.Pass) {
		s := &side{Site: site}
		sides = append(sides, s)
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, looking)
			defer cancel()
			if s.Seen, s.err = p.kind.Look(ctx, site); s.err != nil {
				s.Seen = Seen{}
				s.err = fmt.Errorf("look at policy %s in %s: %w", p.Policy.Name, site.Region, s.err)
			}
			s.done.Problems = s.Seen.Problems
		})
	}
	all.Wait()
	return sides
}

// fit are the copies that count: not those that are bare where the policy names a
// key. They are copied again, and until then kept like any other: a disk that
// anybody could read is better than none.
func (p *Pass) fit(copies []lineage.Point) []lineage.Point {
	if p.Policy.Key == "" {
		return copies
	}
	return lineage.Encrypted(copies)
}

// Divide puts what lineage found at a site into the two piles that are judged
// apart.
func Divide(points []lineage.Point) (own, copies []lineage.Point) {
	for _, p := range points {
		if p.Source == "" {
			own = append(own, p)
		} else {
			copies = append(copies, p)
		}
	}
	return own, copies
}

// Page asks for the next page of a listing, and waits for it as long as patience
// allows.
func Page[T any](ctx context.Context, next func(context.Context, ...func(*ec2.Options)) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return next(ctx)
}

// page is the most snapshots that EC2 gives in one answer.
const page = 1000

// Snapshots reads every page of the account's own snapshots that pass the filters.
func Snapshots(ctx context.Context, region ec2.DescribeSnapshotsAPIClient, filters []types.Filter) ([]types.Snapshot, error) {
	var snapshots []types.Snapshot
	pages := ec2.NewDescribeSnapshotsPaginator(region, &ec2.DescribeSnapshotsInput{
		OwnerIds:   []string{"self"},
		Filters:    filters,
		MaxResults: aws.Int32(page),
	})
	for pages.HasMorePages() {
		answer, err := Page(ctx, pages.NextPage)
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, answer.Snapshots...)
	}
	return snapshots, nil
}
