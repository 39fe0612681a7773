// Package resizeinstances is the step kind resize-instances: it gives instances that
// stand by, running or stopped, another type, and has them run.
//
// It guarantees that an instance of the wanted type that runs is not touched, and
// that what an instance was before is written on it before it is stopped, so that
// Undo gives back exactly that. All are resized at the same time: they serve nobody
// yet. A drill resizes the instances that it launched itself, and no other.
package resizeinstances

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/quota"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	DescribeInstanceTypeOfferings(context.Context, *ec2.DescribeInstanceTypeOfferingsInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceTypeOfferingsOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
	StopInstances(context.Context, *ec2.StopInstancesInput, ...func(*ec2.Options)) (*ec2.StopInstancesOutput, error)
	ModifyInstanceAttribute(context.Context, *ec2.ModifyInstanceAttributeInput, ...func(*ec2.Options)) (*ec2.ModifyInstanceAttributeOutput, error)
	StartInstances(context.Context, *ec2.StartInstancesInput, ...func(*ec2.Options)) (*ec2.StartInstancesOutput, error)
}

// Kind acts in one region.
type Kind struct {
	ec2   api
	quota *quota.Region
}

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind { return &Kind{ec2.NewFromConfig(cfg), quota.In(cfg)} }

// wish is what an instance should be.
type wish struct {
	kind    types.InstanceType
	running bool
}

// Advance brings every instance one move nearer to running with the wanted type.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.ResizeInstances) (step.Progress, error) {
	found, err := k.look(ctx, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	if len(found) == 0 && r.Drill != nil {
		return step.Nothing(fmt.Sprintf("left out in a drill: it launched no instance named %s", r.Drill.Named(spec.Instances))), nil
	}
	if len(found) == 0 {
		return step.Progress{}, step.Permanent("no instance named %s runs or stands by in %s: correct the plan's \"instances\", or launch one", spec.Instances, r.Recovery)
	}
	want := wish{types.InstanceType(spec.Type), true}
	done := 0
	for _, i := range found {
		if met(i, want) {
			done++
			continue
		}
		if err := k.remember(ctx, r, i); err != nil {
			return step.Progress{}, err
		}
		if err := k.move(ctx, i, want); err != nil {
			return step.Progress{}, err
		}
	}
	detail := fmt.Sprintf("%d of %d instances named %s run as %s", done, len(found), r.Drill.Named(spec.Instances), spec.Type)
	return step.Progress{Done: done == len(found), Detail: detail}, nil
}

// look finds the instances by name, in whatever state but gone; of a drill, its own.
func (k *Kind) look(ctx context.Context, r step.Run, spec plan.ResizeInstances) ([]types.Instance, error) {
	filters := []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"pending", "running", "stopping", "stopped"}}}
	for key, value := range r.Called(spec.Instances) {
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{value}})
	}
	var found []types.Instance
	pages := ec2.NewDescribeInstancesPaginator(k.ec2, &ec2.DescribeInstancesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for instances named %s: %w", spec.Instances, err)
		}
		for _, reservation := range page.Reservations {
			found = append(found, reservation.Instances...)
		}
	}
	slices.SortFunc(found, func(a, b types.Instance) int {
		return cmp.Compare(aws.ToString(a.InstanceId), aws.ToString(b.InstanceId))
	})
	return found, nil
}

func met(i types.Instance, want wish) bool {
	state := types.InstanceStateNameStopped
	if want.running {
		state = types.InstanceStateNameRunning
	}
	return i.InstanceType == want.kind && i.State.Name == state
}

// move makes one call for an instance. The type of one that runs cannot be changed.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/change-instance-type-of-ebs-backed-instance.html
func (k *Kind) move(ctx context.Context, i types.Instance, want wish) error {
	id := aws.ToString(i.InstanceId)
	var err error
	switch state := i.State.Name; {
	case state == types.InstanceStateNameRunning:
		_, err = k.ec2.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}})
	case state == types.InstanceStateNameStopped && i.InstanceType != want.kind:
		_, err = k.ec2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
			InstanceId: aws.String(id), InstanceType: &types.AttributeValue{Value: aws.String(string(want.kind))},
		})
	case state == types.InstanceStateNameStopped:
		_, err = k.ec2.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{id}})
	}
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorCode() == "IncorrectInstanceState" {
		return nil // between two states: the next look knows
	}
	if err != nil {
		return fmt.Errorf("make %s a %s: %w", id, want.kind, err)
	}
	return nil
}
