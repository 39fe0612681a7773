package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func healthyTarget(balancer *elasticloadbalancingv2.Client, name string) need {
	return func(ctx context.Context) error {
		groups, err := balancer.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{name}})
		if err != nil {
			return err
		}
		health, err := balancer.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: groups.TargetGroups[0].TargetGroupArn})
		if err != nil {
			return err
		}
		healthy := func(t elbtypes.TargetHealthDescription) bool {
			return t.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy
		}
		if !slices.ContainsFunc(health.TargetHealthDescriptions, healthy) {
			return fmt.Errorf("target group %s has no healthy server", name)
		}
		return nil
	}
}

func attachedData(machines *ec2.Client, name string, count int) need {
	return func(ctx context.Context) error {
		instances, err := running(ctx, machines, name)
		if err != nil {
			return err
		}
		ready := 0
		for _, instance := range instances {
			for _, mapping := range instance.BlockDeviceMappings {
				if mapping.Ebs.Status != ec2types.AttachmentStatusAttached {
					return fmt.Errorf("worker %s: %s is %s", aws.ToString(instance.InstanceId), aws.ToString(mapping.DeviceName), mapping.Ebs.Status)
				}
			}
			if len(instance.BlockDeviceMappings) > 1 { // the root volume is one
				ready++
			}
		}
		if ready < count {
			return fmt.Errorf("%d of %d workers %s run with their data", ready, count, name)
		}
		return nil
	}
}

// running are the running instances of that Name.
func running(ctx context.Context, machines *ec2.Client, name string) ([]ec2types.Instance, error) {
	out, err := machines.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{
		{Name: aws.String("tag:Name"), Values: []string{name}},
		{Name: aws.String("instance-state-name"), Values: []string{string(ec2types.InstanceStateNameRunning)}},
	}})
	if err != nil {
		return nil, err
	}
	var instances []ec2types.Instance
	for _, reservation := range out.Reservations {
		instances = append(instances, reservation.Instances...)
	}
	return instances, nil
}

func writableDatabase(databases *rds.Client, parameters *ssm.Client, name string) need {
	return func(ctx context.Context) error {
		parameter, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
		if err != nil {
			return err
		}
		value := aws.ToString(parameter.Parameter.Value)
		out, err := databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
		if err != nil {
			return err
		}
		for _, db := range out.DBInstances {
			if db.Endpoint == nil || !strings.Contains(value, aws.ToString(db.Endpoint.Address)) {
				continue
			}
			if db.ReadReplicaSourceDBInstanceIdentifier != nil || aws.ToString(db.DBInstanceStatus) != "available" {
				return fmt.Errorf("database %s does not accept writes", aws.ToString(db.DBInstanceIdentifier))
			}
			return nil
		}
		return fmt.Errorf("parameter %s points at %s, which does not answer", name, value)
	}
}

// capacity is that of a group which carries all the users.
func capacity(scaling *autoscaling.Client, name string, least int) need {
	return func(ctx context.Context) error {
		out, err := scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
		if err != nil {
			return err
		}
		serving := 0
		for _, group := range out.AutoScalingGroups {
			for _, instance := range group.Instances {
				if instance.LifecycleState == astypes.LifecycleStateInService {
					serving++
				}
			}
		}
		if serving < least {
			return fmt.Errorf("group %s has %d of the %d servers that all users together need", name, serving, least)
		}
		return nil
	}
}

func resized(machines *ec2.Client, name, to string) need {
	return func(ctx context.Context) error {
		instances, err := running(ctx, machines, name)
		if err != nil {
			return err
		}
		for _, instance := range instances {
			if string(instance.InstanceType) != to {
				return fmt.Errorf("%s is an %s, too small for all users", aws.ToString(instance.InstanceId), instance.InstanceType)
			}
		}
		if len(instances) == 0 {
			return fmt.Errorf("no instance %s runs", name)
		}
		return nil
	}
}

func associated(machines *ec2.Client, address string) need {
	return func(ctx context.Context) error {
		out, err := machines.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{AllocationIds: []string{address}})
		if err != nil {
			return err
		}
		if aws.ToString(out.Addresses[0].InstanceId) == "" {
			return fmt.Errorf("address %s leads to no instance", address)
		}
		return nil
	}
}

// commanded is whether an SSM document was run with success: what it did is not
// modelled.
func commanded(manager *ssm.Client, document string) need {
	return func(ctx context.Context) error {
		out, err := manager.ListCommands(ctx, &ssm.ListCommandsInput{})
		if err != nil {
			return err
		}
		for _, command := range out.Commands {
			if aws.ToString(command.DocumentName) == document && command.Status == ssmtypes.CommandStatusSuccess {
				return nil
			}
		}
		return fmt.Errorf("document %s was not run", document)
	}
}
