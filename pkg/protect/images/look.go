package images

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// page is the most images or instances that EC2 gives in one answer.
const page = 1000

func (p *pass) look(ctx context.Context) (sources, copies []lineage.Point, err error) {
	primary, err := list(ctx, p.from, p.From.Region, p.Plan, p.Policy.Name)
	if err != nil {
		return nil, nil, err
	}
	recovery, err := list(ctx, p.to, p.To.Region, p.Plan, p.Policy.Name)
	if err != nil {
		return nil, nil, err
	}
	for _, image := range primary {
		if image.Source == "" { // not one that was copied here
			sources = append(sources, image)
		}
	}
	return sources, onlyCopies(recovery), nil
}

// Copies are the images of a policy in cfg's region that were copied there,
// usable or not.
func Copies(ctx context.Context, cfg aws.Config, plan, policy string) ([]lineage.Point, error) {
	points, err := list(ctx, ec2.NewFromConfig(cfg), cfg.Region, plan, policy)
	return onlyCopies(points), err
}

func onlyCopies(points []lineage.Point) []lineage.Point {
	var copies []lineage.Point
	for _, p := range points {
		if p.Source != "" {
			copies = append(copies, p)
		}
	}
	return copies
}

// lister is the one action that listing needs.
type lister interface {
	DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
}

// list reads every page of a policy's own images in a region.
func list(ctx context.Context, region lister, name, plan, policy string) ([]lineage.Point, error) {
	var points []lineage.Point
	pages := ec2.NewDescribeImagesPaginator(region, &ec2.DescribeImagesInput{
		Owners:     []string{"self"},
		Filters:    tagged.Lineage(plan, policy),
		MaxResults: aws.Int32(page),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the images of policy %s in %s: %w", policy, name, err)
		}
		for _, image := range page.Images {
			points = append(points, point(image, name))
		}
	}
	return points, nil
}

// point: of a copy, the tags say what it was made from and when. An image whose
// time cannot be read counts as very old, so that it is never pointed at before
// another.
func point(image types.Image, region string) lineage.Point {
	created, _ := time.Parse(time.RFC3339, aws.ToString(image.CreationDate))
	p := lineage.Point{
		ID:      aws.ToString(image.ImageId),
		Region:  region,
		Origin:  aws.ToString(image.SourceInstanceId),
		TakenAt: created,
		Started: created,
		State:   state(image.State),
	}
	for _, device := range image.BlockDeviceMappings {
		if device.Ebs != nil && device.Ebs.SnapshotId != nil {
			p.Parts = append(p.Parts, *device.Ebs.SnapshotId)
			p.SizeGiB += int(aws.ToInt32(device.Ebs.VolumeSize))
		}
	}
	return p.Tagged(tagged.Of(image.Tags))
}

// state: what is neither available nor failed, such as an image that a person
// disabled, is neither used nor deleted.
func state(s types.ImageState) lineage.State {
	switch s {
	case types.ImageStateAvailable:
		return lineage.Complete
	case types.ImageStateFailed, types.ImageStateError, types.ImageStateInvalid:
		return lineage.Failed
	default:
		return lineage.Pending
	}
}
