package workload

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// isolated builds what the plan's drills keep apart in: a network of their own,
// with the subnets and security groups under the ids that the plan names, a subnet
// group of databases there, and an instance profile that may do nothing.
func (s *site) isolated(ctx context.Context, d *plan.Drill) error {
	if d == nil {
		return nil
	}
	vpc, err := s.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.99.0.0/16")})
	if err != nil {
		return err
	}
	for i, id := range d.Subnets {
		_, err := s.ec2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
			VpcId: vpc.Vpc.VpcId, AvailabilityZone: aws.String(s.zones[i%len(s.zones)]), CidrBlock: aws.String(fmt.Sprintf("10.99.%d.0/24", i+1)),
		}, knownAs(id))
		if err != nil {
			return fmt.Errorf("subnet %s: %w", id, err)
		}
	}
	for i, id := range d.SecurityGroups {
		_, err := s.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			GroupName: aws.String(fmt.Sprintf("%s-drill-%d", s.app, i+1)), Description: aws.String("drills"), VpcId: vpc.Vpc.VpcId,
		}, knownAs(id))
		if err != nil {
			return fmt.Errorf("security group %s: %w", id, err)
		}
	}
	if d.SubnetGroup != "" {
		_, err := rds.NewFromConfig(s.cloud.Upstream(s.region)).CreateDBSubnetGroup(ctx, &rds.CreateDBSubnetGroupInput{
			DBSubnetGroupName: aws.String(d.SubnetGroup), DBSubnetGroupDescription: aws.String("drills"), SubnetIds: d.Subnets,
		})
		if err != nil {
			return fmt.Errorf("subnet group %s: %w", d.SubnetGroup, err)
		}
	}
	return s.profile(ctx, d.InstanceProfile, d.Role)
}

// profile makes an instance profile with its role.
func (s *site) profile(ctx context.Context, name, role string) error {
	if name == "" || role == "" {
		return nil
	}
	client := iam.NewFromConfig(s.cloud.Upstream("us-east-1"))
	if _, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(role), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)}); err != nil {
		return fmt.Errorf("role %s: %w", role, err)
	}
	if _, err := client.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String(name)}); err != nil {
		return fmt.Errorf("instance profile %s: %w", name, err)
	}
	_, err := client.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String(name), RoleName: aws.String(role)})
	return err
}
