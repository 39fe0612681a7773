package images

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// Take makes one image when one is due.
func (k kind) Take(ctx context.Context, seen ebs.Seen, done *protect.Result) error {
	if !backlog.Due(k.Counted(seen.Sources), k.Policy.Every.D(), k.Now) {
		return nil
	}
	instance, err := k.model(ctx)
	if err != nil || instance == "" {
		return err
	}
	// The name is also the set. Image names are unique in a region, so that a
	// second pass in the same second cannot make a second image.
	name := k.Plan + "-" + k.Policy.Name + "-" + k.Now.UTC().Format("20060102T150405Z")
	made := lineage.Point{Policy: k.Policy.Name, Set: name, SetSize: 1}
	_, err = k.In(k.From).CreateImage(ctx, &ec2.CreateImageInput{
		InstanceId:  aws.String(instance),
		Name:        aws.String(name),
		Description: aws.String("Pilotlight: " + k.Plan + "/" + k.Policy.Name + " from " + instance),
		// EC2 reboots the instance unless it is told not to.
		// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
		NoReboot: aws.Bool(true),
		TagSpecifications: []types.TagSpecification{
			tagged.On(types.ResourceTypeImage, lineage.SourceTags(k.Plan, made)),
			tagged.On(types.ResourceTypeSnapshot, lineage.PartTags(k.Plan, made)),
		},
	})
	switch {
	case err == nil:
		done.Taken++
		k.Log.Info("image begun", "region", k.From.Region, "instance", instance, "image", name)
		return nil
	case protect.Later(err):
		done.Waiting++
		done.Problems = append(done.Problems, ebs.Full(err, k.From.Region)...)
		return nil
	}
	return fmt.Errorf("make an image of %s: %w", instance, err)
}

// model is the instance that stands for the selection: the one that has run
// longest, which has proved itself; of equals the first id. Without one there is
// nothing to make an image of, and the images that exist stay.
func (k kind) model(ctx context.Context) (string, error) {
	var oldest *types.Instance
	pages := ec2.NewDescribeInstancesPaginator(k.In(k.From), &ec2.DescribeInstancesInput{
		Filters:    append(tagged.Filters(k.Policy.Images.Tags), tagged.Filter("instance-state-name", string(types.InstanceStateNameRunning))),
		MaxResults: aws.Int32(page),
	})
	for pages.HasMorePages() {
		page, err := ebs.Page(ctx, pages.NextPage)
		if err != nil {
			return "", fmt.Errorf("list the instances of policy %s in %s: %w", k.Policy.Name, k.From.Region, err)
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
		k.Log.Warn("no running instance matches the policy", "region", k.From.Region)
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
