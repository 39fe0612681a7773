// Package registertargets is the step kind register-targets: it registers running
// instances with a target group, for plans whose instances are there already.
//
// It guarantees that what is registered is not registered again, and that Undo takes
// out of the group what this step put in and nothing else: the instance carries a
// note before it is registered. It makes no load balancer. A drill registers its own
// instances with its own group, or none.
package registertargets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// servers and targets are what this step calls, and so what its role is granted.
type servers interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	DeleteTags(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
}

type targets interface {
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error)
	RegisterTargets(context.Context, *elb.RegisterTargetsInput, ...func(*elb.Options)) (*elb.RegisterTargetsOutput, error)
	DeregisterTargets(context.Context, *elb.DeregisterTargetsInput, ...func(*elb.Options)) (*elb.DeregisterTargetsOutput, error)
}

// Kind acts in one region.
type Kind struct {
	servers servers
	targets targets
}

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind { return &Kind{ec2.NewFromConfig(cfg), elb.NewFromConfig(cfg)} }

// Advance registers what is not, and counts what is healthy.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.RegisterTargets) (step.Progress, error) {
	name := group(r, spec)
	if name == "" {
		return step.Nothing("left out in a drill: the step names no target group for one"), nil
	}
	ids, err := k.instances(ctx, r, spec.Instances)
	if err != nil || len(ids) == 0 {
		return step.Pending(fmt.Sprintf("no instance %s runs yet", spec.Instances)), err
	}
	arn, health, err := k.look(ctx, name)
	if err != nil {
		return step.Progress{}, err
	}
	var missing []string
	healthy := 0
	for _, id := range ids {
		switch health[id] {
		case "", elbtypes.TargetHealthStateEnumDraining:
			missing = append(missing, id)
		case elbtypes.TargetHealthStateEnumHealthy:
			healthy++
		}
	}
	if len(missing) > 0 {
		if err := k.register(ctx, r, name, arn, missing); err != nil {
			return step.Progress{}, err
		}
	}
	return step.Progress{Done: healthy == len(ids), Detail: fmt.Sprintf("%d of %d instances healthy in %s", healthy, len(ids), name)}, nil
}

// group is the target group that the run registers with; empty: a drill has none.
func group(r step.Run, spec plan.RegisterTargets) string {
	if r.Drill != nil {
		return spec.Drill
	}
	return spec.Targets
}

// instances are an earlier step's, or the running ones of a name; of a drill, its own.
func (k *Kind) instances(ctx context.Context, r step.Run, wanted string) ([]string, error) {
	if strings.Contains(wanted, "${") {
		ids, err := r.Expand(wanted)
		return slices.DeleteFunc(strings.Split(ids, ","), func(id string) bool { return id == "" }), err
	}
	filters := []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{string(types.InstanceStateNameRunning)}}}
	for key, value := range r.Called(wanted) {
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{value}})
	}
	return k.find(ctx, filters)
}

func (k *Kind) find(ctx context.Context, filters []types.Filter) ([]string, error) {
	var ids []string
	pages := ec2.NewDescribeInstancesPaginator(k.servers, &ec2.DescribeInstancesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for instances: %w", err)
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				ids = append(ids, aws.ToString(i.InstanceId))
			}
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// look is the group's ARN, and the health of its targets by id.
func (k *Kind) look(ctx context.Context, name string) (arn string, health map[string]elbtypes.TargetHealthStateEnum, err error) {
	out, err := k.targets.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{name}})
	if err != nil {
		return "", nil, fmt.Errorf("look for target group %s: %w", name, err)
	}
	if len(out.TargetGroups) == 0 {
		return "", nil, step.Permanent("there is no target group %s in the region: make it before the disaster, or correct the plan's \"targets\"", name)
	}
	arn = aws.ToString(out.TargetGroups[0].TargetGroupArn)
	known, err := k.targets.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)})
	if err != nil {
		return "", nil, fmt.Errorf("look at the targets of %s: %w", name, err)
	}
	health = map[string]elbtypes.TargetHealthStateEnum{}
	for _, target := range known.TargetHealthDescriptions {
		if target.Target != nil && target.TargetHealth != nil {
			health[aws.ToString(target.Target.Id)] = target.TargetHealth.State
		}
	}
	return arn, health, nil
}

// by is whose a registration is: the step's, so that what an earlier step registered
// stays until that one is taken back.
func by(r step.Run) string { return r.ID + "/" + r.Step }

// register notes on each instance whose it is before it is registered.
func (k *Kind) register(ctx context.Context, r step.Run, name, arn string, ids []string) error {
	already, err := k.find(ctx, []types.Filter{{Name: aws.String("tag:" + lineage.Registered + name), Values: []string{by(r)}}})
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(already, id) })
	if len(fresh) > 0 {
		_, err := k.servers.CreateTags(ctx, &ec2.CreateTagsInput{Resources: fresh, Tags: []types.Tag{{Key: aws.String(lineage.Registered + name), Value: aws.String(by(r))}}})
		if err != nil {
			return fmt.Errorf("note that %d instances are registered with %s: %w", len(fresh), name, err)
		}
	}
	if _, err := k.targets.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: descriptions(ids)}); err != nil {
		return fmt.Errorf("register %d instances with %s: %w", len(ids), name, err)
	}
	return nil
}

func descriptions(ids []string) []elbtypes.TargetDescription {
	var all []elbtypes.TargetDescription
	for _, id := range ids {
		all = append(all, elbtypes.TargetDescription{Id: aws.String(id)})
	}
	return all
}

// Undo takes out of the group the instances that have a note of this step.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.RegisterTargets) (step.Progress, error) {
	name := group(r, spec)
	if name == "" {
		return step.Nothing("a drill registered nothing"), nil
	}
	ids, err := k.find(ctx, []types.Filter{{Name: aws.String("tag:" + lineage.Registered + name), Values: []string{by(r)}}})
	if err != nil || len(ids) == 0 {
		return step.Nothing("nothing is registered that this step registered"), err
	}
	arn, health, err := k.look(ctx, name)
	if err != nil {
		return step.Progress{}, err
	}
	in := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return health[id] == "" || health[id] == elbtypes.TargetHealthStateEnumDraining
	})
	if len(in) > 0 {
		if _, err := k.targets.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: descriptions(in)}); err != nil {
			return step.Progress{}, fmt.Errorf("take %d instances out of %s: %w", len(in), name, err)
		}
		return step.Pending(fmt.Sprintf("%d instances are taken out of %s", len(in), name)), nil
	}
	_, err = k.servers.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: ids, Tags: []types.Tag{{Key: aws.String(lineage.Registered + name)}}})
	return step.Nothing("nothing is registered that this step registered"), err
}

// Check looks for the target groups: ELB tries nothing dry.
func (k *Kind) Check(ctx context.Context, _ step.Run, spec plan.RegisterTargets) ([]string, error) {
	var problems []string
	for _, name := range []string{spec.Targets, spec.Drill} {
		if name == "" {
			continue
		}
		out, err := k.targets.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{name}})
		if absent(err) || err == nil && len(out.TargetGroups) == 0 {
			problems = append(problems, fmt.Sprintf("There is no target group %s in the region: make it, or correct the plan.", name))
		} else if err != nil {
			return problems, fmt.Errorf("look for target group %s: %w", name, err)
		}
	}
	return problems, nil
}
