package fence

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check asks the region that would be left for all that the plan names there.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.Fence) ([]string, error) {
	if r.Primary == plan.OnPremises {
		return []string{"the primary is on-premises, where nothing can be fenced from here: put an approve step in the place of the fence, for the person who shuts it off"}, nil
	}
	there := in(k.cfg, r.Primary)
	problems, err := there.checkServers(ctx, r, spec)
	if err != nil {
		return nil, err
	}
	for _, name := range spec.Groups {
		if _, err := there.group(ctx, by(r), name); failure.ClassOf(err) == failure.Permanent {
			problems = append(problems, err.Error())
		} else if err != nil {
			return nil, err
		}
	}
	more, err := there.checkDatabases(ctx, r, spec)
	return append(problems, more...), err
}

func (in region) checkServers(ctx context.Context, r step.Run, spec plan.Fence) ([]string, error) {
	if spec.Instances == nil {
		return nil, nil
	}
	found, err := in.chosen(ctx, by(r), *spec.Instances)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return []string{fmt.Sprintf("no instance in %s carries the tags of fence.instances, so that it would stop nothing: name the tags of those that write", r.Primary)}, nil
	}
	var problems []string
	for _, s := range found {
		if s.group != "" && !slices.Contains(spec.Groups, s.group) {
			problems = append(problems, fmt.Sprintf("%s is of Auto Scaling group %s, which replaces one that stops: name the group under fence.groups", s.name(), s.group))
		}
	}
	_, err = in.servers.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{found[0].id}, DryRun: aws.Bool(true)})
	switch failure.Code(err) {
	case "DryRunOperation": // it would have been done: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
	case "UnauthorizedOperation":
		problems = append(problems, fmt.Sprintf("the step's role may not stop %s: deploy the plan again, whose tags may have changed", found[0].name()))
	default:
		return problems, err
	}
	return problems, nil
}

func (in region) checkDatabases(ctx context.Context, r step.Run, spec plan.Fence) ([]string, error) {
	if len(spec.Databases) == 0 {
		return nil, nil
	}
	out, err := in.servers.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{spec.SecurityGroup}})
	if code := failure.Code(err); code == "InvalidGroup.NotFound" || code == "InvalidGroupId.Malformed" {
		return []string{fmt.Sprintf("there is no security group %s in %s: make one without any inbound rule, and name its id", spec.SecurityGroup, r.Primary)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at security group %s: %w", spec.SecurityGroup, err)
	}
	var problems []string
	if len(out.SecurityGroups) == 1 && len(out.SecurityGroups[0].IpPermissions) > 0 {
		problems = append(problems, fmt.Sprintf("security group %s admits somebody: take its inbound rules out, or name one without any", spec.SecurityGroup))
	}
	found, err := in.present(ctx, by(r), spec)
	if failure.ClassOf(err) == failure.Permanent {
		return append(problems, err.Error()), nil
	}
	if err != nil {
		return problems, err
	}
	for _, d := range found {
		switch {
		case d.cluster != "":
			// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
			problems = append(problems, fmt.Sprintf("%s is of cluster %s, whose security groups are the cluster's: a switchover of its global database fences it; take it out", d.name(), d.cluster))
		case d.vpc != "" && len(out.SecurityGroups) == 1 && aws.ToString(out.SecurityGroups[0].VpcId) != d.vpc:
			problems = append(problems, fmt.Sprintf("security group %s is of another VPC than %s, which is in %s: name one of that", spec.SecurityGroup, d.name(), d.vpc))
		}
	}
	return problems, nil
}
