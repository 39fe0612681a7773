package launchinstances

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// drilled is the step as a drill carries it out: in the zones of the drill's
// subnets, of the drill's size, and in no target group that users are sent to.
func (k *Kind) drilled(ctx context.Context, r step.Run, spec plan.LaunchInstances) (plan.LaunchInstances, error) {
	if r.Drill == nil {
		return spec, nil
	}
	subnets, err := k.isolated(ctx, r.Drill)
	if err != nil {
		return spec, err
	}
	spec.Zones = slices.Sorted(maps.Keys(roomiest(subnets)))
	spec.Targets = spec.DrillTargets
	if r.Drill.Size > 0 {
		spec.Count = r.Drill.Size
	}
	return spec, nil
}

// isolated are the drill's subnets. Without them, and without groups and a profile
// of its own, a drill would start in production's network or with its rights.
func (k *Kind) isolated(ctx context.Context, drill *plan.Drill) ([]types.Subnet, error) {
	if len(drill.Subnets) == 0 || len(drill.SecurityGroups) == 0 || drill.InstanceProfile == "" {
		return nil, step.Permanent("a drill launches nothing without an isolation of its own: name subnets, security-groups and instance-profile under the plan's drill")
	}
	subnets, err := k.subnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: drill.Subnets})
	if err != nil {
		return nil, fmt.Errorf("look for the drill's subnets: %w", err)
	}
	return subnets, nil
}
