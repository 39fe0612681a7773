package simulated

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/pilotlight/pilotlight/internal/inventory"
)

// Servers are what a team has in one region, made past the front: in the region's
// own network, with its default security group.
type Servers struct {
	T      testing.TB
	Config aws.Config
}

func (s Servers) ec2() *ec2.Client { return ec2.NewFromConfig(s.Config) }

func (s Servers) must(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
}

// Group is the default security group's id.
func (s Servers) Group() string {
	s.T.Helper()
	out, err := s.ec2().DescribeSecurityGroups(s.T.Context(), &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{{Name: aws.String("group-name"), Values: []string{"default"}}}})
	s.must(err)
	return aws.ToString(out.SecurityGroups[0].GroupId)
}

// Subnet is one of the zone's.
func (s Servers) Subnet(zone string) string {
	s.T.Helper()
	out, err := s.ec2().DescribeSubnets(s.T.Context(), &ec2.DescribeSubnetsInput{Filters: []types.Filter{{Name: aws.String("availability-zone"), Values: []string{zone}}}})
	s.must(err)
	return aws.ToString(out.Subnets[0].SubnetId)
}

// Profile is a new instance profile.
func (s Servers) Profile(name string) {
	s.T.Helper()
	_, err := iam.NewFromConfig(s.Config).CreateInstanceProfile(s.T.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String(name)})
	s.must(err)
}

// Image is a new one, without anything on it.
func (s Servers) Image(name string) string {
	s.T.Helper()
	out, err := s.ec2().RegisterImage(s.T.Context(), &ec2.RegisterImageInput{Name: aws.String(name), RootDeviceName: aws.String("/dev/xvda")})
	s.must(err)
	return aws.ToString(out.ImageId)
}

// Template is a launch template of a new image.
func (s Servers) Template(name string) {
	s.T.Helper()
	_, err := s.ec2().CreateLaunchTemplate(s.T.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(name),
		LaunchTemplateData: &types.RequestLaunchTemplateData{
			ImageId: aws.String(s.Image(name)), InstanceType: types.InstanceTypeT4gSmall, SecurityGroupIds: []string{s.Group()},
		},
	})
	s.must(err)
}

// Instance runs in a zone under a name.
func (s Servers) Instance(name, zone string) string {
	s.T.Helper()
	out, err := s.ec2().RunInstances(s.T.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String(s.Image(name + " in " + zone)), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: types.InstanceTypeT4gSmall,
		SubnetId:          aws.String(s.Subnet(zone)),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String(name)}}}},
	})
	s.must(err)
	return aws.ToString(out.Instances[0].InstanceId)
}

// TargetGroup is a new one for instances.
func (s Servers) TargetGroup(name string) string {
	s.T.Helper()
	vpcs, err := s.ec2().DescribeVpcs(s.T.Context(), &ec2.DescribeVpcsInput{})
	s.must(err)
	out, err := elb.NewFromConfig(s.Config).CreateTargetGroup(s.T.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: vpcs.Vpcs[0].VpcId, TargetType: elbtypes.TargetTypeEnumInstance,
	})
	s.must(err)
	return aws.ToString(out.TargetGroups[0].TargetGroupArn)
}

// See is everything in both regions that a step can change, a line each.
func (w *Trial[Spec]) See() []string {
	w.T.Helper()
	all, err := inventory.Read(w.T.Context(), w.Team(Home), w.Team(Away))
	if err != nil {
		w.T.Fatal(err)
	}
	lines := []string{}
	for _, thing := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, thing+": "+all[thing])
	}
	return lines
}

// Servers are the team's in a region.
func (w *Trial[Spec]) Servers(region string) Servers { return Servers{w.T, w.Team(region)} }
