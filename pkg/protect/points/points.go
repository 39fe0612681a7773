// Package points lists the recovery points that a run can use: what protection
// copied to the recovery region, read there and nowhere else.
package points

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/images"
	"github.com/pilotlight/pilotlight/pkg/protect/snapshots"
)

// Points lists with the function's own role.
type Points struct{ cfg aws.Config }

// New lists in whatever region is asked for.
func New(cfg aws.Config) Points { return Points{cfg} }

// List gives all points of a policy, usable or not, whatever its kind: a policy
// has either snapshots or images, and the other listing is empty.
func (p Points) List(ctx context.Context, region, plan, policy string) ([]lineage.Point, error) {
	there := p.cfg.Copy()
	there.Region = region
	volumes, err := snapshots.Copies(ctx, there, plan, policy)
	if err != nil {
		return nil, err
	}
	servers, err := images.Copies(ctx, there, plan, policy)
	if err != nil {
		return nil, err
	}
	return append(volumes, servers...), nil
}
