package launchinstances

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// version is the launch template's version that is read and launched.
const version = "$Default"

// spread shares count out evenly; the first zones get one more.
func spread(count int, zones []string) map[string]int {
	shares := make(map[string]int, len(zones))
	for i := range count {
		shares[zones[i%len(zones)]]++
	}
	return shares
}

// place finds a subnet for each zone: one of the drill's, or else in the VPC of the
// template's security groups, because the plan names no network and the groups
// already say which it is.
func (k *Kind) place(ctx context.Context, r step.Run, spec plan.LaunchInstances) (map[string]types.Subnet, error) {
	if r.Drill != nil {
		subnets, err := k.isolated(ctx, r.Drill)
		return roomiest(subnets), err
	}
	vpc, err := k.vpc(ctx, spec.Template)
	if err != nil {
		return nil, err
	}
	subnets, err := k.subnets(ctx, &ec2.DescribeSubnetsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{vpc}},
		{Name: aws.String("availability-zone"), Values: spec.Zones},
	}})
	if err != nil {
		return nil, fmt.Errorf("look for subnets of %s: %w", vpc, err)
	}
	chosen := roomiest(subnets)
	for _, zone := range spec.Zones {
		if _, ok := chosen[zone]; !ok {
			return nil, step.Permanent("%s, the VPC of launch template %s, has no subnet in %s: make one, or take the zone out of the plan", vpc, spec.Template, zone)
		}
	}
	return chosen, nil
}

func (k *Kind) subnets(ctx context.Context, which *ec2.DescribeSubnetsInput) ([]types.Subnet, error) {
	var subnets []types.Subnet
	pages := ec2.NewDescribeSubnetsPaginator(k.ec2, which)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		subnets = append(subnets, page.Subnets...)
	}
	return subnets, nil
}

// roomiest is a zone's subnet with the most free addresses; of equals, the one
// with the lower id.
func roomiest(subnets []types.Subnet) map[string]types.Subnet {
	best := map[string]types.Subnet{}
	for _, s := range subnets {
		zone := aws.ToString(s.AvailabilityZone)
		was, ok := best[zone]
		free, most := aws.ToInt32(s.AvailableIpAddressCount), aws.ToInt32(was.AvailableIpAddressCount)
		if !ok || free > most || free == most && aws.ToString(s.SubnetId) < aws.ToString(was.SubnetId) {
			best[zone] = s
		}
	}
	return best
}

// vpc reads the network from the template. A template with network interfaces
// names its subnet there, and EC2 refuses one beside it, so it cannot be spread
// over zones.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
func (k *Kind) vpc(ctx context.Context, template string) (string, error) {
	data, err := k.template(ctx, template)
	if err != nil {
		return "", err
	}
	if len(data.NetworkInterfaces) > 0 || len(data.SecurityGroupIds) == 0 {
		return "", step.Permanent("launch template %s must name security groups by id and no network interfaces, so that instances can be spread over zones: make a version that does the default", template)
	}
	groups, err := k.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: data.SecurityGroupIds[:1]})
	if err != nil {
		return "", fmt.Errorf("look at security group %s of launch template %s: %w", data.SecurityGroupIds[0], template, err)
	}
	if len(groups.SecurityGroups) == 0 {
		return "", step.Permanent("security group %s of launch template %s does not exist in the recovery region", data.SecurityGroupIds[0], template)
	}
	return aws.ToString(groups.SecurityGroups[0].VpcId), nil
}

func (k *Kind) template(ctx context.Context, name string) (*types.ResponseLaunchTemplateData, error) {
	versions, err := k.ec2.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateName: aws.String(name), Versions: []string{version},
	})
	if err != nil {
		return nil, fmt.Errorf("look at launch template %s: %w", name, err)
	}
	if len(versions.LaunchTemplateVersions) == 0 || versions.LaunchTemplateVersions[0].LaunchTemplateData == nil {
		return nil, step.Permanent("launch template %s has no default version in the recovery region: make one", name)
	}
	return versions.LaunchTemplateVersions[0].LaunchTemplateData, nil
}
