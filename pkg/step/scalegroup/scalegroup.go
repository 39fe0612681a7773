// Package scalegroup is the step kind scale-group: it brings an Auto Scaling group or
// an ECS service of the region to its production size, and waits until that many
// serve.
//
// It guarantees that the size before is written on the group or service before it is
// changed, so that Undo gives back exactly that, and that it never makes anything
// smaller than it is. A drill scales to the drill's size, if it has one, and back.
package scalegroup

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/quota"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// groups, services and templates are what this step calls, and so what its role is granted.
type groups interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
	UpdateAutoScalingGroup(context.Context, *autoscaling.UpdateAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error)
	CreateOrUpdateTags(context.Context, *autoscaling.CreateOrUpdateTagsInput, ...func(*autoscaling.Options)) (*autoscaling.CreateOrUpdateTagsOutput, error)
	DeleteTags(context.Context, *autoscaling.DeleteTagsInput, ...func(*autoscaling.Options)) (*autoscaling.DeleteTagsOutput, error)
}

type services interface {
	DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
	UpdateService(context.Context, *ecs.UpdateServiceInput, ...func(*ecs.Options)) (*ecs.UpdateServiceOutput, error)
	TagResource(context.Context, *ecs.TagResourceInput, ...func(*ecs.Options)) (*ecs.TagResourceOutput, error)
	UntagResource(context.Context, *ecs.UntagResourceInput, ...func(*ecs.Options)) (*ecs.UntagResourceOutput, error)
}

type templates interface {
	DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error)
}

// Kind acts in one region.
type Kind struct {
	groups   groups
	services services
	ec2      templates
	quota    *quota.Region
}

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind {
	return &Kind{autoscaling.NewFromConfig(cfg), ecs.NewFromConfig(cfg), ec2.NewFromConfig(cfg), quota.In(cfg)}
}

// fleet is what is scaled, as AWS shows it.
type fleet interface {
	size() size
	serving() int
	tags() map[string]string
	// remember, resize and forget make one call each.
	remember(ctx context.Context, note string) error
	resize(ctx context.Context, to size) error
	forget(ctx context.Context) error
}

func (k *Kind) look(ctx context.Context, spec plan.ScaleGroup) (fleet, error) {
	if spec.Service != "" {
		return k.service(ctx, spec.Cluster, spec.Service)
	}
	return k.group(ctx, spec.Group)
}

// Advance writes down the size, changes it, and counts what serves.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.ScaleGroup) (step.Progress, error) {
	if r.Drill != nil && r.Drill.Size == 0 {
		return step.Nothing("left out in a drill: the plan's drill names no size"), nil
	}
	f, err := k.look(ctx, spec)
	if err != nil {
		return step.Progress{}, err
	}
	want := wanted(r, spec, f.size())
	if f.size() != want {
		if _, ok := r.Remembered(f.tags()); !ok {
			if err := f.remember(ctx, r.Remember(f.size().String())); err != nil {
				return step.Progress{}, err
			}
		}
		return step.Pending("asked for " + want.words()), f.resize(ctx, want)
	}
	return step.Progress{Done: f.serving() >= want.desired, Detail: want.progress(f.serving())}, nil
}

// Undo gives back the size that the note of this step says.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.ScaleGroup) (step.Progress, error) {
	f, err := k.look(ctx, spec)
	if err != nil {
		return step.Progress{}, err
	}
	note, ours := r.Remembered(f.tags())
	if !ours {
		return step.Nothing("the size is as it was"), nil
	}
	was, err := read(note)
	switch {
	case err != nil:
		return step.Progress{}, err
	case f.size() != was:
		return step.Pending("back to " + was.words()), f.resize(ctx, was)
	}
	return step.Nothing("the size is as it was"), f.forget(ctx)
}
