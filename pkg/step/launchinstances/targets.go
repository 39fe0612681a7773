package launchinstances

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight/pilotlight/pkg/step"
)

// targets is what this step calls in Elastic Load Balancing, and so what its role
// is granted.
type targets interface {
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error)
	RegisterTargets(context.Context, *elb.RegisterTargetsInput, ...func(*elb.Options)) (*elb.RegisterTargetsOutput, error)
	DeregisterTargets(context.Context, *elb.DeregisterTargetsInput, ...func(*elb.Options)) (*elb.DeregisterTargetsOutput, error)
}

// serving registers the running instances that the group does not know, and
// answers those that are healthy in it, with what is said of the others. An
// instance must run before it can be registered, and registering is a data plane
// action, so this works while load balancers cannot be made.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
func (k *Kind) serving(ctx context.Context, group string, running fleet) (healthy fleet, unhealthy string, err error) {
	if group == "" || len(running) == 0 {
		return running, "", nil
	}
	arn, err := k.group(ctx, group)
	if err != nil {
		return nil, "", err
	}
	out, err := k.targets.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)})
	if err != nil {
		return nil, "", fmt.Errorf("look at the targets of %s: %w", group, err)
	}
	health := map[string]elbtypes.TargetHealth{}
	for _, target := range out.TargetHealthDescriptions {
		if target.Target != nil && target.TargetHealth != nil {
			health[aws.ToString(target.Target.Id)] = *target.TargetHealth
		}
	}
	if err := k.register(ctx, group, arn, running, health); err != nil {
		return nil, "", err
	}
	healthy = running.where(func(i types.Instance) bool {
		return health[aws.ToString(i.InstanceId)].State == elbtypes.TargetHealthStateEnumHealthy
	})
	return healthy, complaints(running, health), nil
}

// register takes a target that is being deregistered back as well.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-register-targets.html
func (k *Kind) register(ctx context.Context, group, arn string, running fleet, health map[string]elbtypes.TargetHealth) error {
	var add []elbtypes.TargetDescription
	for _, id := range running.ids() {
		known, ok := health[id]
		if !ok || known.State == elbtypes.TargetHealthStateEnumDraining {
			add = append(add, elbtypes.TargetDescription{Id: aws.String(id)})
		}
	}
	if len(add) == 0 {
		return nil
	}
	if _, err := k.targets.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: add}); err != nil {
		return fmt.Errorf("register %d instances with %s: %w", len(add), group, err)
	}
	return nil
}

// deregister takes out of the group what of the fleet is in it. A terminated target
// would leave by itself, but users are sent to it until then.
func (k *Kind) deregister(ctx context.Context, group string, all fleet) error {
	if group == "" || len(all) == 0 {
		return nil
	}
	arn, err := k.group(ctx, group)
	if err != nil {
		return err
	}
	out, err := k.targets.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)})
	if err != nil {
		return fmt.Errorf("look at the targets of %s: %w", group, err)
	}
	var ours []elbtypes.TargetDescription
	for _, target := range out.TargetHealthDescriptions {
		leaving := target.TargetHealth != nil && target.TargetHealth.State == elbtypes.TargetHealthStateEnumDraining
		if target.Target != nil && !leaving && slices.Contains(all.ids(), aws.ToString(target.Target.Id)) {
			ours = append(ours, elbtypes.TargetDescription{Id: target.Target.Id})
		}
	}
	if len(ours) == 0 {
		return nil
	}
	if _, err := k.targets.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: ours}); err != nil {
		return fmt.Errorf("take %d instances out of %s: %w", len(ours), group, err)
	}
	return nil
}

func (k *Kind) group(ctx context.Context, name string) (arn string, err error) {
	out, err := k.targets.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{name}})
	if err != nil {
		return "", fmt.Errorf("look for target group %s: %w", name, err)
	}
	if len(out.TargetGroups) == 0 {
		return "", step.Permanent("there is no target group %s in the recovery region: make it before the disaster, or correct the plan's \"targets\"", name)
	}
	return aws.ToString(out.TargetGroups[0].TargetGroupArn), nil
}

// complaints are the reasons why targets do not serve, each once.
func complaints(running fleet, health map[string]elbtypes.TargetHealth) string {
	said := map[string]bool{}
	for _, id := range running.ids() {
		known, ok := health[id]
		if ok && known.State != elbtypes.TargetHealthStateEnumHealthy {
			said[join(string(known.State), string(known.Reason))] = true
		}
	}
	return join(slices.Sorted(maps.Keys(said))...)
}
