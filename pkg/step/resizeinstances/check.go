package resizeinstances

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/quota"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check looks for the instances and asks whether their zones offer the type, and the
// quota has room for it. EC2 tries neither a stop nor a change of type dry without the
// instance's being stopped.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.ResizeInstances) ([]string, error) {
	r.Drill = nil
	found, err := k.look(ctx, r, spec)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return []string{fmt.Sprintf("No instance named %s runs or stands by in %s: launch it, or correct the plan's \"instances\".", spec.Instances, r.Recovery)}, nil
	}
	out, err := k.ec2.DescribeInstanceTypeOfferings(ctx, &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeAvailabilityZone, Filters: []types.Filter{{Name: aws.String("instance-type"), Values: []string{spec.Type}}},
	})
	if err != nil {
		return nil, fmt.Errorf("ask which zones offer %s: %w", spec.Type, err)
	}
	offers := map[string]bool{}
	for _, offer := range out.InstanceTypeOfferings {
		offers[aws.ToString(offer.Location)] = true
	}
	var problems []string
	for _, i := range found {
		if zone := aws.ToString(i.Placement.AvailabilityZone); !offers[zone] {
			problems = append(problems, fmt.Sprintf("Zone %s of %s does not offer %s: name another type.", zone, aws.ToString(i.InstanceId), spec.Type))
		}
	}
	if len(problems) > 0 {
		return problems, nil
	}
	return k.quota.Short(ctx, change(found, spec.Type))
}

// change is what the resizing starts and stops.
func change(found []types.Instance, kind string) quota.Start {
	start := quota.Start{}
	for _, i := range found {
		start[kind]++
		if settled(i.State.Name) == types.InstanceStateNameRunning {
			start[string(i.InstanceType)]--
		}
	}
	return start
}
