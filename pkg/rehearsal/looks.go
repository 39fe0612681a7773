package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// look reads from AWS whether what a step is for is so.
type look func(*rehearsal, context.Context, *plan.Step) (report.Check, error)

// looks by kind. What the simulated AWS cannot do has none, and a plan with it
// fails its check.
var looks = map[plan.Kind]look{
	plan.KindLaunchInstances: func(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
		return r.launched(ctx, s.ID, s.Spec.(*plan.LaunchInstances))
	},
	plan.KindRestoreVolumes: func(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
		return r.attached(ctx, s.ID, s.Spec.(*plan.RestoreVolumes))
	},
	plan.KindPromoteDatabase: func(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
		return r.promoted(ctx, s.Spec.(*plan.PromoteDatabase))
	},
	plan.KindSetParameter: func(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
		return r.turned(ctx, s.Spec.(*plan.SetParameter))
	},
	plan.KindVerify:           verified,
	plan.KindShiftTraffic:     shifted,
	plan.KindFence:            fenced,
	plan.KindScaleGroup:       scaled,
	plan.KindResizeInstances:  resized,
	plan.KindAssociateAddress: associated,
	plan.KindCreateReplica:    replicated,
	plan.KindCreateStack:      stacked,
	plan.KindRunCommand:       commanded,
	plan.KindRetire:           retired,
	plan.KindResumeProtection: said("protection goes the other way round"),
	plan.KindApprove:          said("a person was asked"),
}

// said is for a step that leaves nothing in AWS but the ledger's own word.
func said(what string) look {
	return func(r *rehearsal, _ context.Context, s *plan.Step) (report.Check, error) {
		return report.Check{What: what, OK: r.record.Passed(s.ID), Seen: "the ledger says so"}, nil
	}
}

func verified(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec := s.Spec.(*plan.Verify)
	if spec.URL == "" {
		return report.Check{What: "step " + s.ID + " found all well", OK: r.record.Passed(s.ID), Seen: "the ledger says so"}, nil
	}
	at, err := url.Parse(spec.URL)
	if err != nil {
		return report.Check{What: spec.URL}, err
	}
	return r.leads(ctx, at.Hostname(), spec.URL+" leads to "+r.on.Recovery)
}

func shifted(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec := s.Spec.(*plan.ShiftTraffic)
	what := "users of " + spec.Record + " are sent to " + r.on.Recovery
	check, err := r.leads(ctx, spec.Record, what)
	// Weights that were shared before are shared again after a failback: some users.
	for range 50 {
		if err != nil || check.OK || spec.Via != plan.ViaWeights || r.scenario.mode != run.Failback {
			break
		}
		check, err = r.leads(ctx, spec.Record, what)
	}
	return check, err
}

func (r *rehearsal) leads(ctx context.Context, host, what string) (report.Check, error) {
	address, err := r.cloud.Internet.Resolver().Lookup(ctx, host)
	return report.Check{What: what, OK: address == r.workload.Side(r.on.Recovery).Address, Seen: address}, err
}

// fenced: a side that does not answer cannot be, and takes no writes from anybody.
func fenced(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec, check := s.Spec.(*plan.Fence), report.Check{What: "what was left in " + r.on.Primary + " takes no writes"}
	if r.cloud.Front.Struck(r.on.Primary) {
		check.OK, check.Seen = true, "it does not answer"
		return check, nil
	}
	cfg := r.cloud.As(role, r.on.Primary)
	var open []string
	for _, name := range spec.Databases {
		out, err := rds.NewFromConfig(cfg).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
		var gone *rdstypes.DBInstanceNotFoundFault
		if errors.As(err, &gone) {
			continue // retired by a later step
		}
		if err != nil {
			return check, err
		}
		if standsBy(r.on, name) && isReplica(out.DBInstances[0]) {
			continue // made anew by a later step, and takes no writes from anybody
		}
		if groups := out.DBInstances[0].VpcSecurityGroups; len(groups) != 1 || aws.ToString(groups[0].VpcSecurityGroupId) != spec.SecurityGroup {
			open = append(open, "database "+name)
		}
	}
	for _, name := range spec.Groups {
		serving, err := inService(ctx, cfg, name)
		if err != nil {
			return check, err
		}
		if serving > 0 {
			open = append(open, "group "+name)
		}
	}
	if spec.Instances != nil {
		filters := []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}}}
		for key, value := range spec.Instances.Tags {
			filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{value}})
		}
		out, err := ec2.NewFromConfig(cfg).DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters})
		if err != nil {
			return check, err
		}
		if n := len(out.Reservations); n > 0 {
			open = append(open, fmt.Sprintf("%d instances", n))
		}
	}
	check.OK, check.Seen = len(open) == 0, "all of it is shut"
	if !check.OK {
		check.Seen = strings.Join(open, ", ") + " may still take them"
	}
	return check, nil
}

func inService(ctx context.Context, cfg aws.Config, name string) (int, error) {
	out, err := autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return 0, err
	}
	if len(out.AutoScalingGroups) == 0 {
		return 0, errors.New("there is no group " + name)
	}
	serving := 0
	for _, instance := range out.AutoScalingGroups[0].Instances {
		if instance.LifecycleState == astypes.LifecycleStateInService {
			serving++
		}
	}
	return serving, nil
}

func scaled(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec := s.Spec.(*plan.ScaleGroup)
	check := report.Check{What: fmt.Sprintf("%d servers of group %s are in service", spec.Desired, spec.Group)}
	if spec.Group == "" {
		return check, fmt.Errorf("the simulated AWS has no ECS service %s", spec.Service)
	}
	serving, err := inService(ctx, r.cloud.As(role, r.on.Recovery), spec.Group)
	check.OK, check.Seen = serving == spec.Desired, fmt.Sprintf("%d", serving)
	return check, err
}

func resized(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec := s.Spec.(*plan.ResizeInstances)
	check := report.Check{What: fmt.Sprintf("instances %s run as %s", spec.Instances, spec.Type)}
	out, err := ec2.NewFromConfig(r.cloud.As(role, r.on.Recovery)).DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []types.Filter{
		{Name: aws.String("tag:Name"), Values: []string{spec.Instances}}, {Name: aws.String("instance-state-name"), Values: []string{"running"}},
	}})
	if err != nil {
		return check, err
	}
	right, all := 0, 0
	for _, reservation := range out.Reservations {
		for _, instance := range reservation.Instances {
			all++
			if string(instance.InstanceType) == spec.Type {
				right++
			}
		}
	}
	check.OK, check.Seen = all > 0 && right == all, fmt.Sprintf("%d of %d", right, all)
	return check, nil
}

func associated(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec := s.Spec.(*plan.AssociateAddress)
	check := report.Check{What: "address " + spec.Address + " leads to an instance"}
	out, err := ec2.NewFromConfig(r.cloud.As(role, r.on.Recovery)).DescribeAddresses(ctx, &ec2.DescribeAddressesInput{AllocationIds: []string{spec.Address}})
	if err != nil {
		return check, err
	}
	check.Seen = aws.ToString(out.Addresses[0].InstanceId)
	check.OK = check.Seen != ""
	return check, nil
}

func replicated(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec, region := s.Spec.(*plan.CreateReplica), r.on.Recovery
	if spec.StandBy {
		region = r.on.Primary
	}
	check := report.Check{What: fmt.Sprintf("replica %s of %s was made in %s", spec.Replica, spec.Source, region)}
	out, err := rds.NewFromConfig(r.cloud.As(role, region)).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(spec.Replica)})
	if err != nil {
		return check, err
	}
	db := out.DBInstances[0]
	check.OK = aws.ToString(db.DBInstanceStatus) == "available" && (isReplica(db) || promotedLater(r.on, spec.Replica))
	check.Seen = fmt.Sprintf("%s, replica: %t", aws.ToString(db.DBInstanceStatus), isReplica(db))
	return check, nil
}

// promotedLater says whether a step of the course promotes the replica.
func promotedLater(on *plan.Plan, replica string) bool {
	for s := range on.Steps() {
		if spec, ok := s.Spec.(*plan.PromoteDatabase); ok && spec.Replica == replica {
			return true
		}
	}
	return false
}

func stacked(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec := s.Spec.(*plan.CreateStack)
	check := report.Check{What: "stack " + spec.Stack + " is there"}
	out, err := cloudformation.NewFromConfig(r.cloud.As(role, r.on.Recovery)).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(spec.Stack)})
	if err != nil {
		return check, err
	}
	check.Seen = string(out.Stacks[0].StackStatus)
	check.OK = strings.HasSuffix(check.Seen, "_COMPLETE") && !strings.Contains(check.Seen, "ROLLBACK")
	return check, nil
}

func commanded(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec := s.Spec.(*plan.RunCommand)
	check := report.Check{What: fmt.Sprintf("document %s was run on %s", spec.Document, spec.Instances)}
	out, err := ssm.NewFromConfig(r.cloud.As(role, r.on.Recovery)).ListCommands(ctx, &ssm.ListCommandsInput{})
	if err != nil {
		return check, err
	}
	for _, command := range out.Commands {
		if aws.ToString(command.DocumentName) == spec.Document {
			check.Seen = string(command.Status)
			check.OK = check.OK || command.Status == ssmtypes.CommandStatusSuccess
		}
	}
	return check, nil
}

// standsBy says whether the course makes a replica of that name on the side that is
// left, to stand by again.
func standsBy(on *plan.Plan, name string) bool {
	for s := range on.Steps() {
		if spec, ok := s.Spec.(*plan.CreateReplica); ok && spec.StandBy && spec.Replica == name {
			return true
		}
	}
	return false
}

func retired(r *rehearsal, ctx context.Context, s *plan.Step) (report.Check, error) {
	spec, check := s.Spec.(*plan.Retire), report.Check{What: "what was retired in " + r.on.Primary + " is gone", OK: true, Seen: "nothing of it is there"}
	for _, name := range spec.Databases {
		out, err := rds.NewFromConfig(r.cloud.As(role, r.on.Primary)).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
		var gone *rdstypes.DBInstanceNotFoundFault
		switch {
		case err == nil && standsBy(r.on, name) && isReplica(out.DBInstances[0]):
			check.Seen = "database " + name + " is a replica that a later step made"
		case err == nil:
			check.OK, check.Seen = false, "database "+name+" is still there"
		case !errors.As(err, &gone):
			return check, err
		}
	}
	return check, nil
}
