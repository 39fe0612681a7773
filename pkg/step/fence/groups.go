package fence

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// group is an Auto Scaling group that the fence names.
type group struct {
	autoscaling groups
	by          string
	id          string
	size        size
	instances   int // that it has, whatever their state
	serving     int // of those, in service
	was         string
}

// size is a group's, as a note says it.
type size struct{ least, most, desired int32 }

func (s size) String() string { return fmt.Sprintf("%d %d %d", s.least, s.most, s.desired) }

func (in region) lookGroups(ctx context.Context, by string, spec plan.Fence) ([]thing, error) {
	var all []thing
	for _, name := range spec.Groups {
		g, err := in.group(ctx, by, name)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

func (in region) group(ctx context.Context, by, name string) (*group, error) {
	out, err := in.groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return nil, fmt.Errorf("look at group %s: %w", name, err)
	}
	if len(out.AutoScalingGroups) == 0 {
		return nil, step.Permanent("there is no Auto Scaling group %s: name one that is there under fence.groups, or take it out", name)
	}
	found := out.AutoScalingGroups[0]
	g := &group{
		autoscaling: in.groups, by: by, id: name, instances: len(found.Instances),
		size: size{aws.ToInt32(found.MinSize), aws.ToInt32(found.MaxSize), aws.ToInt32(found.DesiredCapacity)},
	}
	for _, i := range found.Instances {
		if i.LifecycleState == types.LifecycleStateInService {
			g.serving++
		}
	}
	for _, t := range found.Tags {
		if aws.ToString(t.Key) == tag {
			g.was = read(by, aws.ToString(t.Value))
		}
	}
	return g, nil
}

func (g *group) name() string  { return "group " + g.id }
func (g *group) noted() string { return g.was }

// open: with a maximum of nothing, no scaling policy makes an instance.
func (g *group) open() bool { return g.size != size{} }
func (g *group) shut() bool { return !g.open() && g.instances == 0 }

func (g *group) restored() bool {
	return g.was == g.size.String() && g.serving >= int(g.size.desired)
}

func (g *group) remember(ctx context.Context) error {
	_, err := g.autoscaling.CreateOrUpdateTags(ctx, &autoscaling.CreateOrUpdateTagsInput{Tags: []types.Tag{{
		ResourceId: aws.String(g.id), ResourceType: aws.String("auto-scaling-group"), PropagateAtLaunch: aws.Bool(false),
		Key: aws.String(tag), Value: aws.String(note(g.by, g.size.String())),
	}}})
	return err
}

func (g *group) close(ctx context.Context) error { return g.resize(ctx, size{}) }

// restore asks once: a group of the right size makes its instances itself.
func (g *group) restore(ctx context.Context) error {
	if g.was == g.size.String() {
		return nil
	}
	var was size
	if _, err := fmt.Sscanf(g.was, "%d %d %d", &was.least, &was.most, &was.desired); err != nil {
		return step.Permanent("the tag %s of group %s says %q, which is no size: give the group its size by hand, and take the tag off", tag, g.id, g.was)
	}
	return g.resize(ctx, was)
}

func (g *group) resize(ctx context.Context, to size) error {
	_, err := g.autoscaling.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(g.id), MinSize: aws.Int32(to.least), MaxSize: aws.Int32(to.most), DesiredCapacity: aws.Int32(to.desired),
	})
	return err
}

func (g *group) forget(ctx context.Context) error {
	_, err := g.autoscaling.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []types.Tag{{
		ResourceId: aws.String(g.id), ResourceType: aws.String("auto-scaling-group"), Key: aws.String(tag),
	}}})
	return err
}
