package images

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// page is the most images or instances that EC2 gives in one answer.
const page = 1000

// Look lists the images of the policy. What is protected is the policy itself:
// see lineage.Point.Subject.
func (k kind) Look(ctx context.Context, at protect.Site) (ebs.Seen, error) {
	images, err := list(ctx, k.In(at), k.Plan, k.Policy.Name)
	if err != nil {
		return ebs.Seen{}, err
	}
	var seen ebs.Seen
	seen.Own, seen.Copies = ebs.Divide(points(images, at.Region))
	if at.Region != k.From.Region {
		return seen, nil
	}
	seen.Sources = seen.Own
	of := protect.Source{ID: k.Policy.Name}
	if groups := lineage.Groups(seen.Own); len(groups) > 0 && len(groups[0].Points) > 0 {
		of.GiB = groups[0].Points[0].SizeGiB
	}
	seen.Subjects = []protect.Source{of}
	return seen, nil
}

// Points are the images of a policy in cfg's region, made or copied there, usable or
// not.
func Points(ctx context.Context, cfg aws.Config, plan, policy string) ([]lineage.Point, error) {
	images, err := list(ctx, ec2.NewFromConfig(cfg), plan, policy)
	if err != nil {
		return nil, fmt.Errorf("%w (policy %s in %s)", err, policy, cfg.Region)
	}
	return points(images, cfg.Region), nil
}

// list reads every page of a policy's own images in a region.
func list(ctx context.Context, region ec2.DescribeImagesAPIClient, plan, policy string) ([]types.Image, error) {
	var images []types.Image
	pages := ec2.NewDescribeImagesPaginator(region, &ec2.DescribeImagesInput{
		Owners:     []string{"self"},
		Filters:    tagged.Lineage(plan, policy),
		MaxResults: aws.Int32(page),
	})
	for pages.HasMorePages() {
		page, err := ebs.Page(ctx, pages.NextPage)
		if err != nil {
			return nil, fmt.Errorf("list the images: %w", err)
		}
		images = append(images, page.Images...)
	}
	return images, nil
}

func points(images []types.Image, region string) []lineage.Point {
	found := make([]lineage.Point, 0, len(images))
	for _, image := range images {
		found = append(found, point(image, region))
	}
	return found
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
			p.Plain = p.Plain || !aws.ToBool(device.Ebs.Encrypted)
		}
	}
	if image.StateReason != nil {
		p.Fault = aws.ToString(image.StateReason.Message)
	}
	tags := tagged.Of(image.Tags)
	p.Tags = lineage.Own(tags)
	return p.Tagged(tags)
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
