// Package launchinstances is the step kind launch-instances: it starts instances
// from a launch template of the recovery region, spread over zones, and
// registers them with a target group.
//
// It guarantees that the run's instances are known by their tags, written in the
// call that launches them, so nothing is launched that is already there; and
// that an instance which dies before the step is done is replaced. Advance
// terminates nothing: a surplus, which EC2's eventual consistency can make, stays
// and is said. Undo terminates what this run and step launched, and nothing else.
// In a drill everything goes where the plan's drill says, and nowhere else.
package launchinstances

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/quota"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls in EC2, and so what its role is granted: also
// ec2:CreateTags on what RunInstances creates, and iam:PassRole for the
// template's instance profile.
type api interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error)
	DescribeSecurityGroups(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error)
	DescribeSubnets(context.Context, *ec2.DescribeSubnetsInput, ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error)
	DescribeInstanceTypeOfferings(context.Context, *ec2.DescribeInstanceTypeOfferingsInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceTypeOfferingsOutput, error)
	DescribeVolumes(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)
	RunInstances(context.Context, *ec2.RunInstancesInput, ...func(*ec2.Options)) (*ec2.RunInstancesOutput, error)
	TerminateInstances(context.Context, *ec2.TerminateInstancesInput, ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error)
	DeleteVolume(context.Context, *ec2.DeleteVolumeInput, ...func(*ec2.Options)) (*ec2.DeleteVolumeOutput, error)
}

// Kind acts in one region.
type Kind struct {
	ec2     api
	targets targets
	quota   *quota.Region
}

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind {
	return &Kind{ec2.NewFromConfig(cfg), elb.NewFromConfig(cfg), quota.In(cfg)}
}

// Advance registers what runs, launches what is missing, and says how many serve.
// Registration comes first, so that a zone without capacity does not keep the
// instances of the others from serving.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.LaunchInstances) (step.Progress, error) {
	image, err := pinned(r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	if spec, err = k.drilled(ctx, r, spec); err != nil {
		return step.Progress{}, err
	}
	fleet, err := k.look(ctx, r)
	if err != nil {
		return step.Progress{}, err
	}
	serving, unhealthy, err := k.serving(ctx, spec.Targets, fleet.running())
	if err != nil {
		return step.Progress{}, err
	}
	refused, err := k.fill(ctx, r, spec, image, fleet)
	if err != nil {
		return step.Progress{}, err
	}
	return report(spec, fleet, serving, join(unhealthy, refused)), nil
}

// pinned is the image that open-run chose for this run, so that a retry an hour
// later launches the same one. Empty: the template's own.
func pinned(r step.Run, spec plan.LaunchInstances) (string, error) {
	if spec.Image == "" {
		return "", nil
	}
	points := r.Pins[spec.Image]
	if len(points) != 1 || points[0].ID == "" {
		return "", step.Permanent("the run has %d images pinned for policy %s and needs one: check that the policy has a usable image in %s, then start a new run", len(points), spec.Image, r.Recovery)
	}
	return points[0].ID, nil
}

// fleet is every instance that this run and step ever launched and EC2 still
// shows, also the terminated ones: those tell one launch from the next.
type fleet []types.Instance

func (k *Kind) look(ctx context.Context, r step.Run) (fleet, error) {
	var all fleet
	pages := ec2.NewDescribeInstancesPaginator(k.ec2, &ec2.DescribeInstancesInput{Filters: []types.Filter{
		tagged(lineage.Plan, r.Plan), tagged(lineage.Run, r.ID), tagged(lineage.Step, r.Step),
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for instances of step %s: %w", r.Step, err)
		}
		for _, reservation := range page.Reservations {
			all = append(all, reservation.Instances...)
		}
	}
	slices.SortFunc(all, func(a, b types.Instance) int {
		return cmp.Compare(aws.ToString(a.InstanceId), aws.ToString(b.InstanceId))
	})
	return all, nil
}

// alive is what runs or will, in one zone; zone "" means all.
func (f fleet) alive(zone string) fleet {
	return f.where(func(i types.Instance) bool {
		state := stateOf(i)
		return (state == types.InstanceStateNamePending || state == types.InstanceStateNameRunning) && (zone == "" || zoneOf(i) == zone)
	})
}

func (f fleet) running() fleet {
	return f.where(func(i types.Instance) bool { return stateOf(i) == types.InstanceStateNameRunning })
}

func (f fleet) in(zone string) fleet {
	return f.where(func(i types.Instance) bool { return zoneOf(i) == zone })
}

func (f fleet) where(keep func(types.Instance) bool) fleet {
	var kept fleet
	for _, instance := range f {
		if keep(instance) {
			kept = append(kept, instance)
		}
	}
	return kept
}

func (f fleet) ids() []string {
	ids := make([]string, len(f))
	for i := range f {
		ids[i] = aws.ToString(f[i].InstanceId)
	}
	return ids
}

// fill launches what each zone misses. One zone's trouble does not stop the next
// zone's launch. Refused says where EC2 has no room for any of the types.
func (k *Kind) fill(ctx context.Context, r step.Run, spec plan.LaunchInstances, image string, have fleet) (refused string, err error) {
	missing := map[string]int{}
	for zone, want := range spread(spec.Count, spec.Zones) {
		if n := want - len(have.alive(zone)); n > 0 {
			missing[zone] = n
		}
	}
	if len(missing) == 0 {
		return "", nil
	}
	if err := have.livable(spec); err != nil {
		return "", err
	}
	subnets, err := k.place(ctx, r, spec)
	if err != nil {
		return "", err
	}
	var full []string
	var failed []error
	for _, zone := range spec.Zones {
		if missing[zone] == 0 {
			continue
		}
		call := request(r, spec, image, aws.ToString(subnets[zone].SubnetId), missing[zone])
		ok, err := k.launch(ctx, r, spec, call, have.in(zone).ids())
		if err != nil {
			failed = append(failed, fmt.Errorf("launch %d of %s in %s: %w", missing[zone], spec.Template, zone, err))
		} else if !ok {
			full = append(full, zone)
		}
	}
	if len(full) > 0 {
		refused = fmt.Sprintf("no capacity in %s for any type; looking again", strings.Join(full, ", "))
	}
	return refused, errors.Join(failed...)
}

// lives is how many instances may die in one place before the step gives up.
const lives = 3

// livable stops a step whose instances die as fast as they are replaced, as they
// do when EC2 may not use the key of an image's snapshot: the call succeeds, and
// the instance then goes from pending to terminated.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_InstanceStraightToTerminated.html
func (f fleet) livable(spec plan.LaunchInstances) error {
	dead := f.where(func(i types.Instance) bool { return stateOf(i) == types.InstanceStateNameTerminated })
	if len(dead) < lives*spec.Count {
		return nil
	}
	last, why := dead[len(dead)-1], "EC2 does not say why"
	if last.StateReason != nil {
		why = aws.ToString(last.StateReason.Message)
	}
	return step.Permanent("%d instances of %s died, the last %s (%s): mend the launch template, the image or its key, then start a new run", len(dead), spec.Template, aws.ToString(last.InstanceId), why)
}

// report counts an instance as there when it serves: healthy in the target
// group, or running where there is none.
func report(spec plan.LaunchInstances, have, serving fleet, trouble string) step.Progress {
	detail := fmt.Sprintf("%d of %d instances running", len(have.running()), spec.Count)
	if spec.Targets != "" {
		detail = fmt.Sprintf("%s, %d healthy in %s", detail, len(serving), spec.Targets)
	}
	if surplus := len(have.alive("")) - spec.Count; surplus > 0 {
		detail = fmt.Sprintf("%s, %d more than asked for", detail, surplus)
	}
	for zone, want := range spread(spec.Count, spec.Zones) {
		if len(serving.in(zone)) < want {
			return step.Progress{Detail: join(detail, trouble)}
		}
	}
	var zones []string
	for _, instance := range serving {
		zones = append(zones, zoneOf(instance))
	}
	slices.Sort(zones)
	return step.Progress{Done: true, Detail: detail, Outputs: map[string]string{
		"instances": strings.Join(serving.ids(), ","),
		"zones":     strings.Join(slices.Compact(zones), ","),
	}}
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

func zoneOf(i types.Instance) string {
	if i.Placement == nil {
		return ""
	}
	return aws.ToString(i.Placement.AvailabilityZone)
}

func stateOf(i types.Instance) types.InstanceStateName {
	if i.State == nil {
		return ""
	}
	return i.State.Name
}

func tagged(key, value string) types.Filter {
	return types.Filter{Name: aws.String("tag:" + key), Values: []string{value}}
}
