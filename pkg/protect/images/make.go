package images

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// make makes one image when one is due.
func (p *pass) make(ctx context.Context, sources []lineage.Point) error {
	if !backlog.Due(sources, p.Policy.Every.D(), p.Now) {
		return nil
	}
	instance, err := p.model(ctx)
	if err != nil || instance == "" {
		return err
	}
	// The name is also the set. Image names are unique in a region, so that a
	// second pass in the same second cannot make a second image.
	name := p.Plan + "-" + p.Policy.Name + "-" + p.Now.UTC().Format("20060102T150405Z")
	made := lineage.Point{Policy: p.Policy.Name, Set: name, SetSize: 1}
	_, err = p.from.CreateImage(ctx, &ec2.CreateImageInput{
		InstanceId:  aws.String(instance),
		Name:        aws.String(name),
		Description: aws.String("Pilotlight: " + p.Plan + "/" + p.Policy.Name + " from " + instance),
		// EC2 reboots the instance unless it is told not to.
		// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
		NoReboot: aws.Bool(true),
		TagSpecifications: []types.TagSpecification{
			tagged.On(types.ResourceTypeImage, lineage.SourceTags(p.Plan, made)),
			tagged.On(types.ResourceTypeSnapshot, lineage.PartTags(p.Plan, made)),
		},
	})
	switch {
	case err == nil:
		p.result.Taken++
		p.log.Info("image begun", "region", p.From.Region, "instance", instance, "image", name)
		return nil
	case protect.Later(err):
		p.result.Waiting++
		return nil
	}
	return fmt.Errorf("make an image of %s: %w", instance, err)
}

// model is the instance that stands for the selection: the one that has run
// longest, which has proved itself; of equals the first id. Without one there is
// nothing to make an image of, and the images that exist stay.
func (p *pass) model(ctx context.Context) (string, error) {
	var oldest *types.Instance
	pages := ec2.NewDescribeInstancesPaginator(p.from, &ec2.DescribeInstancesInput{
		Filters:    append(tagged.Filters(p.Policy.Images.Tags), tagged.Filter("instance-state-name", string(types.InstanceStateNameRunning))),
		MaxResults: aws.Int32(page),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("list the instances of policy %s in %s: %w", p.Policy.Name, p.From.Region, err)
		}
		for _, reservation := range page.Reservations {
			for i := range reservation.Instances {
				if instance := &reservation.Instances[i]; oldest == nil || before(instance, oldest) {
					oldest = instance
				}
			}
		}
	}
	if oldest == nil {
		p.log.Warn("no running instance matches the policy", "region", p.From.Region)
		return "", nil
	}
	return aws.ToString(oldest.InstanceId), nil
}

func before(a, b *types.Instance) bool {
	return cmp.Or(
		aws.ToTime(a.LaunchTime).Compare(aws.ToTime(b.LaunchTime)),
		cmp.Compare(aws.ToString(a.InstanceId), aws.ToString(b.InstanceId)),
	) < 0
}

// copy begins the copies that are missing: one at a time a policy, so AWS's own
// quota is all that limits it.
func (p *pass) copy(ctx context.Context, missing backlog.Copies) error {
	p.result.Waiting += missing.Held
	var failed []error
	for _, source := range missing.Wanted {
		_, err := p.to.CopyImage(ctx, p.copyOf(source.Point))
		switch {
		case err == nil:
			p.result.Copied++
			p.log.Info("copy begun", "region", p.To.Region, "source", source.ID)
		case protect.Later(err):
			p.result.Waiting++
		default:
			failed = append(failed, fmt.Errorf("copy image %s to %s: %w", source.ID, p.To.Region, err))
		}
	}
	return errors.Join(failed...)
}

// copyOf has the source's set as its name, which makes a second copy impossible
// while one exists. CopyImage has a client token too, but after a failed copy it
// would answer with the failed image again.
func (p *pass) copyOf(source lineage.Point) *ec2.CopyImageInput {
	in := &ec2.CopyImageInput{
		Name:          aws.String(source.Set),
		Description:   aws.String("Pilotlight: " + p.Plan + "/" + p.Policy.Name + " copy of " + source.ID),
		SourceImageId: aws.String(source.ID),
		SourceRegion:  aws.String(p.From.Region),
		TagSpecifications: []types.TagSpecification{
			tagged.On(types.ResourceTypeImage, lineage.CopyTags(p.Plan, source)),
			tagged.On(types.ResourceTypeSnapshot, lineage.PartTags(p.Plan, source)),
		},
	}
	if p.Policy.Key != "" {
		in.Encrypted, in.KmsKeyId = aws.Bool(true), aws.String(p.Policy.Key)
	}
	return in
}
