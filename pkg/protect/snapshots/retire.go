package snapshots

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

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
		p.retireIn(ctx, p.recovery, seen.copies, guards),
		p.retireIn(ctx, p.primary, seen.sources, guards),
	)
}

func (p *pass) retireIn(ctx context.Context, region api, points []lineage.Point, guards retention.Guards) error {
	rules := retention.Rules{Keep: p.Policy.Keep, RPO: p.Policy.RPO.D()}
	steps := retention.Moves(retention.Select(points, rules, p.Now, guards), p.Now)
	if err := tagged.Unmark(ctx, region, steps.Unmark); err != nil {
		return err
	}
	if err := tagged.Mark(ctx, region, steps.Mark, p.Now); err != nil {
		return err
	}
	p.result.Marked += len(steps.Mark)
	var failed []error
	for _, v := range steps.Delete {
		if err := p.delete(ctx, region, v); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// delete removes one snapshot. AWS itself refuses one that an image is made
// from, and that is the guard for images that others registered.
func (p *pass) delete(ctx context.Context, region api, v retention.Verdict) error {
	_, err := region.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String(v.Point.ID)})
	switch code := failure.Code(err); {
	case code == "InvalidSnapshot.NotFound": // an earlier pass was faster than the listing
		return nil
	case code == "InvalidSnapshot.InUse":
		slog.Info("recovery point kept", "plan", p.Plan, "policy", p.Policy.Name, "region", v.Point.Region, "point", v.Point.ID, "reason", "an image is made from it")
		return nil
	case err != nil:
		return fmt.Errorf("delete %s in %s: %w", v.Point.ID, v.Point.Region, err)
	}
	p.result.Deleted++
	slog.Info("recovery point deleted", "plan", p.Plan, "policy", p.Policy.Name, "region", v.Point.Region, "point", v.Point.ID, "reason", v.Reason)
	return nil
}
