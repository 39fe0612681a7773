package workload

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
)

// site is the application's network in one region, with a base image and a load
// balancer. On premises it has an address and nothing else.
type site struct {
	cloud   *cloud.Cloud
	app     string // the plan's name; what is built is named after it
	region  string
	zones   []string
	vpc     string
	subnets []string // one a zone
	group   string   // security group
	image   string   // base image
	name    string   // the load balancer's DNS name
	address string   // where the internet finds it
	built   map[string]bool

	ec2      *ec2.Client
	balancer *elasticloadbalancingv2.Client
	scaling  *autoscaling.Client
}

func newSite(ctx context.Context, c *cloud.Cloud, app, region, address string, zones []string) (*site, error) {
	if region == plan.OnPremises {
		return &site{region: region, address: address, name: app + ".on-premises.example"}, nil
	}
	cfg := c.Upstream(region)
	s := &site{
		cloud: c, app: app, region: region, address: address, zones: zones,
		ec2:      ec2.NewFromConfig(cfg),
		balancer: elasticloadbalancingv2.NewFromConfig(cfg),
		scaling:  autoscaling.NewFromConfig(cfg),
	}
	if err := s.network(ctx); err != nil {
		return nil, err
	}
	image, err := s.ec2.RegisterImage(ctx, &ec2.RegisterImageInput{
		Name:           aws.String(app + "-base"),
		RootDeviceName: aws.String("/dev/xvda"),
		Architecture:   types.ArchitectureValuesArm64,
	})
	if err != nil {
		return nil, err
	}
	s.image = aws.ToString(image.ImageId)
	out, err := s.balancer.CreateLoadBalancer(ctx, &elasticloadbalancingv2.CreateLoadBalancerInput{
		Name: aws.String(app + "-web"), Subnets: s.subnets, SecurityGroups: []string{s.group},
	})
	if err != nil {
		return nil, err
	}
	s.name = aws.ToString(out.LoadBalancers[0].DNSName)
	return s, nil
}

func (s *site) network(ctx context.Context) error {
	vpc, err := s.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		return err
	}
	s.vpc = aws.ToString(vpc.Vpc.VpcId)
	for i, zone := range s.zones {
		subnet, err := s.ec2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
			VpcId: vpc.Vpc.VpcId, AvailabilityZone: aws.String(zone), CidrBlock: aws.String(fmt.Sprintf("10.0.%d.0/24", i+1)),
		})
		if err != nil {
			return err
		}
		s.subnets = append(s.subnets, aws.ToString(subnet.Subnet.SubnetId))
	}
	group, err := s.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: aws.String(s.app), Description: aws.String("the application"), VpcId: vpc.Vpc.VpcId,
	})
	s.group = aws.ToString(group.GroupId)
	return err
}

// template makes a launch template whose instances carry tags.
func (s *site) template(ctx context.Context, name string, tags map[string]string) error {
	if !s.once("template", name) {
		return nil
	}
	data := &types.RequestLaunchTemplateData{
		ImageId: aws.String(s.image), InstanceType: types.InstanceTypeM7gLarge, SecurityGroupIds: []string{s.group},
	}
	if len(tags) > 0 {
		data.TagSpecifications = []types.LaunchTemplateTagSpecificationRequest{{ResourceType: types.ResourceTypeInstance, Tags: tagList(tags)}}
	}
	_, err := s.ec2.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String(name), LaunchTemplateData: data})
	return err
}

func (s *site) targets(ctx context.Context, name string) (string, error) {
	if !s.once("target group", name) {
		out, err := s.balancer.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{name}})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.TargetGroups[0].TargetGroupArn), nil
	}
	out, err := s.balancer.CreateTargetGroup(ctx, &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
		VpcId: aws.String(s.vpc), TargetType: elbtypes.TargetTypeEnumInstance,
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.TargetGroups[0].TargetGroupArn), nil
}

// protected builds what the plan's policies select. Policies whose volumes are
// restored to the same instances protect volumes of the same instances.
func (s *site) protected(ctx context.Context, p *plan.Plan) error {
	together := map[string][]plan.Policy{}
	for _, policy := range p.Protect {
		var err error
		switch {
		case policy.Volumes != nil:
			target := restoredTo(p, policy.Name)
			together[target] = append(together[target], policy)
		case policy.Images != nil:
			err = s.scalingGroup(ctx, p.Name+"-"+policy.Name, policy.Images.Tags, webServers)
		case policy.Snapshots != nil:
			err = s.gateway(ctx, policy)
		case policy.Database != nil:
			err = s.database(ctx, *policy.Database)
		case policy.Bucket != nil:
			err = buckets(ctx, s.cloud, p, *policy.Bucket)
		case policy.Table != nil:
			err = table(ctx, s.cloud, p, policy.Table.Name)
		}
		if err != nil {
			return fmt.Errorf("policy %s: %w", policy.Name, err)
		}
	}
	for target, policies := range together {
		if err := s.workers(ctx, target, workersOf(p, target), policies, shutBy(p, s.region)); err != nil {
			return fmt.Errorf("policy %s: %w", policies[0].Name, err)
		}
	}
	return nil
}

// restoredTo is what a policy's volumes are attached to; the policy's own name
// when no step restores them.
func restoredTo(p *plan.Plan, policy string) string {
	for step := range p.Steps() {
		if spec, ok := step.Spec.(*plan.RestoreVolumes); ok && spec.Policy == policy {
			return spec.AttachTo
		}
	}
	return policy
}

// workersOf is how many workers the application has whose volumes are restored to
// the instances of that Name: as many as the plan launches, at most workers.
func workersOf(p *plan.Plan, name string) int {
	launched := 0
	for step := range p.Steps() {
		if spec, ok := step.Spec.(*plan.LaunchInstances); ok && spec.Template == name {
			launched += spec.Count
		}
	}
	if launched == 0 { // they are kept
		return workers
	}
	return min(launched, workers)
}

// scalingGroup is an Auto Scaling group behind the load balancer, with a template and
// a target group of its name.
func (s *site) scalingGroup(ctx context.Context, name string, tags map[string]string, size int) error {
	if !s.once("group", name) {
		return nil
	}
	group, err := s.targets(ctx, name)
	if err != nil {
		return err
	}
	if err := s.template(ctx, name, tags); err != nil {
		return err
	}
	var scaling []astypes.Tag
	for key, value := range tags {
		scaling = append(scaling, astypes.Tag{Key: aws.String(key), Value: aws.String(value), PropagateAtLaunch: aws.Bool(true),
			ResourceId: aws.String(name), ResourceType: aws.String("auto-scaling-group")})
	}
	_, err = s.scaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(name),
		LaunchTemplate:       &astypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String(name), Version: aws.String("$Latest")},
		MinSize:              aws.Int32(int32(size)), MaxSize: aws.Int32(int32(2 * size)), DesiredCapacity: aws.Int32(int32(size)),
		VPCZoneIdentifier: aws.String(strings.Join(s.subnets, ",")),
		TargetGroupARNs:   []string{group},
		Tags:              scaling,
	})
	return err
}

// workers are instances with data volumes for each of the policies.
func (s *site) workers(ctx context.Context, name string, count int, policies []plan.Policy, shut map[string]string) error {
	named := maps.Clone(shut)
	if named == nil {
		named = map[string]string{}
	}
	named["Name"] = name
	var devices []types.BlockDeviceMapping
	tags := map[string]map[string]string{} // of the volumes, by device
	for i := range dataVolumes * len(policies) {
		device := "/dev/sd" + string(rune('f'+i))
		tags[device] = policies[i/dataVolumes].Volumes.Tags
		devices = append(devices, types.BlockDeviceMapping{
			DeviceName: aws.String(device),
			Ebs:        &types.EbsBlockDevice{VolumeSize: aws.Int32(dataVolumeSize), VolumeType: types.VolumeTypeGp3},
		})
	}
	for i := range count {
		out, err := s.ec2.RunInstances(ctx, &ec2.RunInstancesInput{
			ImageId: aws.String(s.image), InstanceType: types.InstanceTypeM7gLarge, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
			SubnetId: aws.String(s.subnets[i%len(s.subnets)]), BlockDeviceMappings: devices,
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: tagList(named)}},
		})
		if err != nil {
			return err
		}
		if err := s.tagData(ctx, aws.ToString(out.Instances[0].InstanceId), tags); err != nil {
			return err
		}
	}
	return nil
}

// tagData tags the data volumes of an instance by their devices, and not its root
// volume.
func (s *site) tagData(ctx context.Context, instance string, tags map[string]map[string]string) error {
	out, err := s.ec2.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{
		Filters: []types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{instance}}},
	})
	if err != nil {
		return err
	}
	tagged := 0
	for _, volume := range out.Volumes {
		of, data := tags[aws.ToString(volume.Attachments[0].Device)]
		if !data {
			continue
		}
		tagged++
		_, err := s.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{aws.ToString(volume.VolumeId)}, Tags: tagList(of)})
		if err != nil {
			return err
		}
	}
	if tagged != len(tags) {
		return fmt.Errorf("instance %s has %d data volumes, not %d", instance, tagged, len(tags))
	}
	return nil
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for key, value := range tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	return list
}
