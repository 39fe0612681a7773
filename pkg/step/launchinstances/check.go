package launchinstances

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/quota"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check looks for the template, the network and the target group, asks whether the
// zones offer the types and the quota has room for them, and has EC2 try the launch
// dry, with the step's own role: for a failover, and for a drill where the plan has one.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.LaunchInstances) ([]string, error) {
	real := r
	real.Drill = nil
	problems, err := k.ready(ctx, real, spec)
	if err != nil || r.Drill == nil {
		return problems, err
	}
	drilled, err := k.ready(ctx, r, spec)
	for _, problem := range drilled {
		problems = append(problems, "In a drill: "+problem)
	}
	return problems, err
}

func (k *Kind) ready(ctx context.Context, r step.Run, spec plan.LaunchInstances) ([]string, error) {
	spec, err := k.drilled(ctx, r, spec)
	if err != nil {
		return step.Problem(err)
	}
	subnets, err := k.place(ctx, r, spec)
	if err != nil {
		return step.Problem(err)
	}
	if spec.Targets != "" {
		if _, err := k.group(ctx, spec.Targets); err != nil {
			return step.Problem(err)
		}
	}
	problems, err := k.offered(ctx, spec)
	if err == nil && len(problems) == 0 {
		problems, err = k.short(ctx, spec)
	}
	if err != nil {
		return problems, err
	}
	problems = append(problems, crowded(spec, subnets)...)
	dry, err := k.dryRun(ctx, r, spec, subnets)
	return append(problems, dry...), err
}

// crowded says which subnets have not an address for each instance: a dry run asks
// for rights and parameters alone. A subnet without IPv4 is never short of them.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
func crowded(spec plan.LaunchInstances, subnets map[string]types.Subnet) []string {
	shares := spread(spec.Count, spec.Zones)
	var problems []string
	for _, zone := range spec.Zones {
		subnet := subnets[zone]
		if free := int(aws.ToInt32(subnet.AvailableIpAddressCount)); free < shares[zone] && !aws.ToBool(subnet.Ipv6Native) {
			problems = append(problems, fmt.Sprintf("Subnet %s in %s, the roomiest there, has %d free addresses for %d instances: free some, make a larger subnet, or take more zones into the plan.",
				aws.ToString(subnet.SubnetId), zone, free, shares[zone]))
		}
	}
	return problems
}

// offered says in which zones none of the types can be had. A template's own type
// is the dry run's to find out.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
func (k *Kind) offered(ctx context.Context, spec plan.LaunchInstances) ([]string, error) {
	if len(spec.Types) == 0 {
		return nil, nil
	}
	offers := map[string]bool{}
	pages := ec2.NewDescribeInstanceTypeOfferingsPaginator(k.ec2, &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeAvailabilityZone,
		Filters:      []types.Filter{{Name: aws.String("instance-type"), Values: spec.Types}, {Name: aws.String("location"), Values: spec.Zones}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("ask which zones offer %v: %w", spec.Types, err)
		}
		for _, offer := range page.InstanceTypeOfferings {
			offers[aws.ToString(offer.Location)] = true
		}
	}
	var problems []string
	for _, zone := range spec.Zones {
		if !offers[zone] {
			problems = append(problems, fmt.Sprintf("Zone %s offers none of %v: name another type or zone.", zone, spec.Types))
		}
	}
	return problems, nil
}

// short says what the quotas lack for all the instances being of one of the types. A
// template that leaves the type to EC2 is not counted.
func (k *Kind) short(ctx context.Context, spec plan.LaunchInstances) ([]string, error) {
	kinds := spec.Types
	if len(kinds) == 0 {
		data, err := k.template(ctx, spec.Template)
		if err != nil || data.InstanceType == "" {
			return nil, err
		}
		kinds = []string{string(data.InstanceType)}
	}
	var either []quota.Start
	for _, kind := range kinds {
		either = append(either, quota.Start{kind: spec.Count})
	}
	return k.quota.Short(ctx, either...)
}

// dryRun has EC2 try the launch in every zone.
func (k *Kind) dryRun(ctx context.Context, r step.Run, spec plan.LaunchInstances, subnets map[string]types.Subnet) ([]string, error) {
	kind := ""
	if len(spec.Types) > 0 {
		kind = spec.Types[0]
	}
	var problems []string
	for zone, n := range spread(spec.Count, spec.Zones) {
		call := request(r, spec, "", aws.ToString(subnets[zone].SubnetId), n)
		call.InstanceType, call.DryRun = types.InstanceType(kind), aws.Bool(true)
		_, err := k.ec2.RunInstances(ctx, &call)
		refused, err := step.Tried(fmt.Sprintf("the launch of %d instances in %s", n, zone), err)
		if err != nil {
			return problems, err
		}
		problems = append(problems, refused...)
	}
	slices.Sort(problems)
	return problems, nil
}
