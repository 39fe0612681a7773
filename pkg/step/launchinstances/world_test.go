package launchinstances

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var errCrash = errors.New("the function died after the call")

// region is the EC2 and ELB of the recovery region. Instances run, and targets
// are healthy, a tick after they were asked for.
type region struct {
	t         *testing.T
	template  types.ResponseLaunchTemplateData
	subnets   []types.Subnet
	instances []types.Instance
	hidden    int             // how many of the last instances EC2 does not show until the next tick
	full      map[string]bool // "zone type" without capacity
	tokens    map[string]launched
	targets   map[string]elbtypes.TargetHealthStateEnum
	changes   []string
	crashAt   int  // the change after which the caller dies; 0: never
	slow      bool // what is launched shows only after the next look
}

// launched is what EC2 remembers of a token.
type launched struct{ request string }

func newRegion(t *testing.T) *region {
	return &region{
		t:        t,
		template: types.ResponseLaunchTemplateData{SecurityGroupIds: []string{"sg-web"}},
		subnets:  []types.Subnet{subnet("subnet-a", "us-west-2a", 200), subnet("subnet-b", "us-west-2b", 200)},
		full:     map[string]bool{},
		tokens:   map[string]launched{},
		targets:  map[string]elbtypes.TargetHealthStateEnum{},
	}
}

func subnet(id, zone string, free int32) types.Subnet {
	return types.Subnet{SubnetId: aws.String(id), AvailabilityZone: aws.String(zone), AvailableIpAddressCount: aws.Int32(free)}
}

// DescribeInstances answers one instance a page, whatever is asked.
func (w *region) DescribeInstances(_ context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	var found []types.Instance
	for _, i := range w.instances[:len(w.instances)-w.hidden] {
		if !slices.ContainsFunc(in.Filters, func(f types.Filter) bool { return !matches(i, f) }) {
			found = append(found, i)
		}
	}
	at, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &ec2.DescribeInstancesOutput{}
	if at < len(found) {
		out.Reservations = []types.Reservation{{Instances: found[at : at+1]}}
	}
	if at+1 < len(found) {
		out.NextToken = aws.String(strconv.Itoa(at + 1))
	}
	return out, nil
}

func matches(i types.Instance, f types.Filter) bool {
	return slices.ContainsFunc(i.Tags, func(tag types.Tag) bool {
		return *f.Name == "tag:"+*tag.Key && slices.Contains(f.Values, *tag.Value)
	})
}

func (w *region) DescribeLaunchTemplateVersions(_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if aws.ToString(in.LaunchTemplateName) != "storefront-web" {
		return nil, &smithy.GenericAPIError{Code: "InvalidLaunchTemplateName.NotFoundException"}
	}
	return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: []types.LaunchTemplateVersion{{LaunchTemplateData: &w.template}}}, nil
}

func (w *region) DescribeSecurityGroups(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error) {
	return &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []types.SecurityGroup{{VpcId: aws.String("vpc-dr")}}}, nil
}

func (w *region) DescribeSubnets(_ context.Context, in *ec2.DescribeSubnetsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	if in.Filters[0].Values[0] != "vpc-dr" {
		w.t.Errorf("looked for subnets of %v", in.Filters[0].Values)
	}
	out := &ec2.DescribeSubnetsOutput{}
	for _, s := range w.subnets {
		if slices.Contains(in.Filters[1].Values, *s.AvailabilityZone) {
			out.Subnets = append(out.Subnets, s)
		}
	}
	return out, nil
}

func (w *region) RunInstances(_ context.Context, in *ec2.RunInstancesInput, _ ...func(*ec2.Options)) (*ec2.RunInstancesOutput, error) {
	w.check(in)
	zone := *w.subnets[slices.IndexFunc(w.subnets, func(s types.Subnet) bool { return *s.SubnetId == *in.SubnetId })].AvailabilityZone
	request := fmt.Sprintf("launch %d %s %s in %s", *in.MaxCount, in.InstanceType, aws.ToString(in.ImageId), *in.SubnetId)
	if before, ok := w.tokens[*in.ClientToken]; ok {
		if before.request != request {
			w.t.Errorf("one token for %q and %q", before.request, request)
		}
		return &ec2.RunInstancesOutput{}, nil
	}
	if w.full[zone+" "+string(in.InstanceType)] {
		return nil, &smithy.GenericAPIError{Code: "InsufficientInstanceCapacity"}
	}
	for range *in.MaxCount {
		w.instances = append(w.instances, types.Instance{
			InstanceId:   aws.String(fmt.Sprintf("i-%02d", len(w.instances)+1)),
			InstanceType: in.InstanceType,
			Placement:    &types.Placement{AvailabilityZone: aws.String(zone)},
			State:        &types.InstanceState{Name: types.InstanceStateNamePending},
			Tags:         in.TagSpecifications[0].Tags,
		})
	}
	if w.slow {
		w.hidden += int(*in.MaxCount)
	}
	w.tokens[*in.ClientToken] = launched{request: request}
	return &ec2.RunInstancesOutput{}, w.change(request)
}

// check is what EC2 or the house refuses.
func (w *region) check(in *ec2.RunInstancesInput) {
	if *in.MinCount != *in.MaxCount || aws.ToString(in.LaunchTemplate.Version) != "$Default" || len(*in.ClientToken) > 64 {
		w.t.Errorf("launch %d to %d of version %s with token %q", *in.MinCount, *in.MaxCount, *in.LaunchTemplate.Version, *in.ClientToken)
	}
	want := map[string]string{"Name": "storefront-web", lineage.Plan: "storefront", lineage.Run: "storefront-1", lineage.Step: "web"}
	for _, spec := range in.TagSpecifications {
		for _, tag := range spec.Tags {
			if want[*tag.Key] != *tag.Value {
				w.t.Errorf("%s has tag %s=%s", spec.ResourceType, *tag.Key, *tag.Value)
			}
		}
		if len(spec.Tags) != len(want) {
			w.t.Errorf("%s has %d tags", spec.ResourceType, len(spec.Tags))
		}
	}
	if len(in.TagSpecifications) != 2 {
		w.t.Errorf("tags for %d kinds of resource; want instances and volumes", len(in.TagSpecifications))
	}
}

func (w *region) DescribeTargetGroups(_ context.Context, in *elb.DescribeTargetGroupsInput, _ ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error) {
	if !slices.Equal(in.Names, []string{"storefront-web"}) {
		return nil, &elbtypes.TargetGroupNotFoundException{}
	}
	return &elb.DescribeTargetGroupsOutput{TargetGroups: []elbtypes.TargetGroup{{TargetGroupArn: aws.String("arn:storefront-web")}}}, nil
}

func (w *region) DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error) {
	out := &elb.DescribeTargetHealthOutput{}
	for id, state := range w.targets {
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, elbtypes.TargetHealthDescription{
			Target: &elbtypes.TargetDescription{Id: aws.String(id)}, TargetHealth: &elbtypes.TargetHealth{State: state},
		})
	}
	return out, nil
}

func (w *region) RegisterTargets(_ context.Context, in *elb.RegisterTargetsInput, _ ...func(*elb.Options)) (*elb.RegisterTargetsOutput, error) {
	for _, target := range in.Targets {
		i := slices.IndexFunc(w.instances, func(i types.Instance) bool { return *i.InstanceId == *target.Id })
		if i < 0 || w.instances[i].State.Name != types.InstanceStateNameRunning {
			w.t.Errorf("registered %s, which does not run", *target.Id)
		}
		w.targets[*target.Id] = elbtypes.TargetHealthStateEnumInitial
	}
	return &elb.RegisterTargetsOutput{}, w.change(fmt.Sprintf("register %d", len(in.Targets)))
}

func (w *region) change(what string) error {
	w.changes = append(w.changes, what)
	if len(w.changes) == w.crashAt {
		return errCrash
	}
	return nil
}

// tick completes what goes on; what is hidden starts later.
func (w *region) tick() {
	for i := range w.instances[:len(w.instances)-w.hidden] {
		if w.instances[i].State.Name == types.InstanceStateNamePending {
			w.instances[i].State = &types.InstanceState{Name: types.InstanceStateNameRunning}
		}
	}
	for id, state := range w.targets {
		if state == elbtypes.TargetHealthStateEnumInitial {
			w.targets[id] = elbtypes.TargetHealthStateEnumHealthy
		}
	}
}

// kill terminates an instance, as a failing host does.
func (w *region) kill(id string) {
	for i := range w.instances {
		if *w.instances[i].InstanceId == id {
			w.instances[i].State = &types.InstanceState{Name: types.InstanceStateNameTerminated}
		}
	}
	delete(w.targets, id)
}

// look is one Advance of a new process.
func (w *region) look(spec plan.LaunchInstances) (step.Progress, error) {
	return (&Kind{ec2: w, targets: w}).Advance(w.t.Context(), aRun, spec)
}

// settle looks until the step is done; a look that died is followed by another.
// Hidden instances show after the look that follows their launch.
func (w *region) settle(spec plan.LaunchInstances) step.Progress {
	w.t.Helper()
	for range 12 {
		before := w.hidden
		progress, err := w.look(spec)
		if err != nil && !errors.Is(err, errCrash) {
			w.t.Fatal(err)
		}
		if progress.Done {
			return progress
		}
		if w.hidden == before {
			w.hidden = 0
		}
		w.tick()
	}
	w.t.Fatalf("not done after twelve looks: %v", w.changes)
	return step.Progress{}
}

// mustPend is one look that is expected to change nothing more than it says.
func (w *region) mustPend(spec plan.LaunchInstances) step.Progress {
	w.t.Helper()
	progress, err := w.look(spec)
	if err != nil || progress.Done {
		w.t.Fatalf("Advance = %+v, %v; want pending", progress, err)
	}
	return progress
}

// What Advance never calls: the tests on the simulator have it.

func (w *region) DescribeInstanceTypeOfferings(context.Context, *ec2.DescribeInstanceTypeOfferingsInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceTypeOfferingsOutput, error) {
	return nil, w.unexpected("DescribeInstanceTypeOfferings")
}

func (w *region) DescribeVolumes(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error) {
	return nil, w.unexpected("DescribeVolumes")
}

func (w *region) TerminateInstances(context.Context, *ec2.TerminateInstancesInput, ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error) {
	return nil, w.unexpected("TerminateInstances")
}

func (w *region) DeleteVolume(context.Context, *ec2.DeleteVolumeInput, ...func(*ec2.Options)) (*ec2.DeleteVolumeOutput, error) {
	return nil, w.unexpected("DeleteVolume")
}

func (w *region) DeregisterTargets(context.Context, *elb.DeregisterTargetsInput, ...func(*elb.Options)) (*elb.DeregisterTargetsOutput, error) {
	return nil, w.unexpected("DeregisterTargets")
}

func (w *region) unexpected(call string) error {
	w.t.Errorf("Advance called %s", call)
	return errors.New(call)
}
