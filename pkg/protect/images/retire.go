package images

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// retire applies retention to both sides.
func (p *pass) retire(ctx context.Context, sources, copies []lineage.Point, inUse, outstanding map[string]bool) error {
	guards := retention.Guards{InUse: inUse, Pinned: p.Pinned, Copied: outstanding}
	return errors.Join(
		p.retireIn(ctx, p.To.Region, p.to, copies, guards),
		p.retireIn(ctx, p.From.Region, p.from, sources, guards),
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

// remove deregisters an image and deletes its snapshots in the same call: two
// calls would leave orphans when the first is the last one made. A snapshot that
// another image is made from stays, by AWS's own rule.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html
func remove(ctx context.Context, region api, point lineage.Point) error {
	out, err := region.DeregisterImage(ctx, &ec2.DeregisterImageInput{
		ImageId:                   aws.String(point.ID),
		DeleteAssociatedSnapshots: aws.Bool(true),
	})
	switch failure.Code(err) {
	case "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable":
		return nil // an earlier pass deleted it and the listing did not show that yet
	}
	if err != nil {
		return err
	}
	var left []error
	for _, s := range out.DeleteSnapshotResults {
		if s.ReturnCode != types.SnapshotReturnCodesSuccess && s.ReturnCode != types.SnapshotReturnCodesWarnSkipped {
			left = append(left, fmt.Errorf("its snapshot %s stays: %s", aws.ToString(s.SnapshotId), s.ReturnCode))
		}
	}
	return errors.Join(left...)
}
