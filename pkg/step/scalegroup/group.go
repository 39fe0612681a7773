package scalegroup

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// group is an Auto Scaling group.
type group struct {
	api   groups
	name  string
	found types.AutoScalingGroup
}

func (k *Kind) group(ctx context.Context, name string) (fleet, error) {
	out, err := k.groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return nil, fmt.Errorf("look at group %s: %w", name, err)
	}
	if len(out.AutoScalingGroups) == 0 {
		return nil, step.Permanent("there is no Auto Scaling group %s in the region: make it before the disaster, or correct the plan's \"group\"", name)
	}
	return group{k.groups, name, out.AutoScalingGroups[0]}, nil
}

func (g group) size() size {
	return size{int(aws.ToInt32(g.found.MinSize)), int(aws.ToInt32(g.found.MaxSize)), int(aws.ToInt32(g.found.DesiredCapacity))}
}

// serving counts instances that are in service, which an instance is when the
// group's health checks say so.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
func (g group) serving() (n int) {
	for _, i := range g.found.Instances {
		if i.LifecycleState == types.LifecycleStateInService {
			n++
		}
	}
	return n
}

func (g group) tags() map[string]string {
	tags := map[string]string{}
	for _, tag := range g.found.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}

func (g group) remember(ctx context.Context, note string) error {
	_, err := g.api.CreateOrUpdateTags(ctx, &autoscaling.CreateOrUpdateTagsInput{Tags: []types.Tag{{
		ResourceId: aws.String(g.name), ResourceType: aws.String("auto-scaling-group"), PropagateAtLaunch: aws.Bool(false),
		Key: aws.String(lineage.Before), Value: aws.String(note),
	}}})
	if err != nil {
		return fmt.Errorf("note the size of group %s: %w", g.name, err)
	}
	return nil
}

func (g group) resize(ctx context.Context, to size) error {
	_, err := g.api.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(g.name),
		MinSize:              aws.Int32(int32(to.least)), MaxSize: aws.Int32(int32(to.most)), DesiredCapacity: aws.Int32(int32(to.desired)),
	})
	if err != nil {
		return fmt.Errorf("give group %s %s: %w", g.name, to.words(), err)
	}
	return nil
}

func (g group) forget(ctx context.Context) error {
	_, err := g.api.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []types.Tag{{
		ResourceId: aws.String(g.name), ResourceType: aws.String("auto-scaling-group"), Key: aws.String(lineage.Before),
	}}})
	if err != nil {
		return fmt.Errorf("remove the note of the size of group %s: %w", g.name, err)
	}
	return nil
}
