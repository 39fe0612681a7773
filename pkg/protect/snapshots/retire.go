package snapshots

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// retire applies retention to both sides.
func (p *pass) retire(ctx context.Context, seen world, outstanding map[string]bool) error {
	guards := retention.Guards{Pinned: p.Pinned, Copied: outstanding}
	return errors.Join(
		p.retireIn(ctx, p.To.Region, p.to, seen.copies, guards),
		p.retireIn(ctx, p.From.Region, p.from, seen.sources, guards),
	)
}

func (p *pass) retireIn(ctx context.Context, name string, region api, points []lineage.Point, guards retention.Guards) error {
	rules := retention.Rules{Keep: p.Policy.Keep, RPO: p.Policy.RPO.D()}
	steps := retention.Moves(retention.Select(points, rules, p.Now, guards), p.Now)
	marked, deleted, err := tagged.Retirement{
		Region: region,
		Now:    p.Now,
		Log:    p.log.With("region", name),
		Delete: func(ctx context.Context, point lineage.Point) error { return remove(ctx, region, point) },
	}.Apply(ctx, steps)
	p.result.Marked += marked
	p.result.Deleted += deleted
	return err
}

// remove deletes one snapshot. AWS itself refuses one that an image is made
// from, which is the guard for images that others registered.
func remove(ctx context.Context, region api, point lineage.Point) error {
	_, err := region.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String(point.ID)})
	switch failure.Code(err) {
	case "InvalidSnapshot.NotFound":
		return nil // an earlier pass deleted it and the listing did not show that yet
	case "InvalidSnapshot.InUse":
		return tagged.ErrKept
	}
	return err
}
