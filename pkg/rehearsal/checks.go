package rehearsal

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/workload"
	"github.com/pilotlight/pilotlight/pkg/report"
)

// checks reads from AWS, step by step of the plan, whether the application has
// what the plan says. The product's journal has no part in it.
func (r *rehearsal) checks(ctx context.Context) error {
	for s := range r.Plan.Steps() {
		var check report.Check
		var err error
		switch spec := s.Spec.(type) {
		case *plan.LaunchInstances:
			check, err = r.launched(ctx, s.ID, spec)
		case *plan.RestoreVolumes:
			check, err = r.restored(ctx, s.ID, spec)
		case *plan.PromoteDatabase:
			check, err = r.promoted(ctx, spec)
		case *plan.SetParameter:
			check, err = r.turned(ctx, spec)
		case *plan.Verify:
			check, err = r.answers(ctx, spec.URL)
		case *plan.ShiftTraffic:
			check, err = r.shifted(ctx, spec.Record)
		}
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		r.report.Checks = append(r.report.Checks, check)
	}
	return nil
}

func (r *rehearsal) instances(ctx context.Context, step string) ([]types.Instance, error) {
	filters := append(r.ofRun(), types.Filter{Name: aws.String("tag:" + lineage.Step), Values: []string{step}},
		types.Filter{Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}})
	out, err := ec2.NewFromConfig(r.cloud.As(role, r.Plan.Recovery)).DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters})
	if err != nil {
		return nil, err
	}
	var instances []types.Instance
	for _, reservation := range out.Reservations {
		instances = append(instances, reservation.Instances...)
	}
	return instances, nil
}

func (r *rehearsal) launched(ctx context.Context, step string, spec *plan.LaunchInstances) (report.Check, error) {
	instances, err := r.instances(ctx, step)
	zones := map[string]int{}
	for _, instance := range instances {
		if instance.State.Name == types.InstanceStateNameRunning {
			zones[aws.ToString(instance.Placement.AvailabilityZone)]++
		}
	}
	running, spread := 0, []string{}
	for _, zone := range spec.Zones {
		running += zones[zone]
		spread = append(spread, fmt.Sprintf("%d in %s", zones[zone], zone))
	}
	even := spec.Count < len(spec.Zones) || !slices.ContainsFunc(spec.Zones, func(zone string) bool { return zones[zone] == 0 })
	return report.Check{
		What: fmt.Sprintf("%d instances of %s run in %s", spec.Count, spec.Template, strings.Join(spec.Zones, " and ")),
		OK:   running == spec.Count && even,
		Seen: strings.Join(spread, ", "),
	}, err
}

// restored: every volume attached, each instance's from one snapshot set, which
// is one StartTime of their sources.
func (r *rehearsal) restored(ctx context.Context, step string, spec *plan.RestoreVolumes) (report.Check, error) {
	check := report.Check{What: fmt.Sprintf("the volumes of policy %s are attached to %s, an instance's from one consistent set", spec.Policy, spec.AttachTo)}
	volumes, err := r.runVolumes(ctx, ec2.NewFromConfig(r.cloud.As(role, r.Plan.Recovery)))
	if err != nil {
		return check, err
	}
	sets := map[string]map[string]bool{} // source times by instance
	attached := 0
	for _, volume := range volumes {
		if tag(volume.Tags, lineage.Step) != step {
			continue
		}
		point, err := r.snapshotPoint(ctx, volume)
		if err != nil {
			return check, err
		}
		if volume.State != types.VolumeStateInUse || len(volume.Attachments) != 1 {
			continue
		}
		attached++
		instance := aws.ToString(volume.Attachments[0].InstanceId)
		if sets[instance] == nil {
			sets[instance] = map[string]bool{}
		}
		sets[instance][point.TakenAt.String()] = true
	}
	check.OK = attached > 0 && attached == len(r.record.Pins[spec.Policy])
	for _, times := range sets {
		check.OK = check.OK && len(times) == 1
	}
	check.Seen = fmt.Sprintf("%d of %d volumes attached to %d instances", attached, len(r.record.Pins[spec.Policy]), len(sets))
	return check, nil
}

func (r *rehearsal) promoted(ctx context.Context, spec *plan.PromoteDatabase) (report.Check, error) {
	out, err := rds.NewFromConfig(r.cloud.As(role, r.Plan.Recovery)).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(spec.Replica)})
	if err != nil {
		return report.Check{}, err
	}
	db := out.DBInstances[0]
	replica := db.ReadReplicaSourceDBInstanceIdentifier != nil
	class, multi := aws.ToString(db.DBInstanceClass), aws.ToBool(db.MultiAZ)
	return report.Check{
		What: "database " + spec.Replica + " accepts writes and has the plan's size",
		OK:   !replica && aws.ToString(db.DBInstanceStatus) == "available" && (spec.Class == "" || class == spec.Class) && (!spec.MultiAZ || multi),
		Seen: fmt.Sprintf("%s, replica: %t, %s, Multi-AZ: %t", aws.ToString(db.DBInstanceStatus), replica, class, multi),
	}, nil
}

func (r *rehearsal) turned(ctx context.Context, spec *plan.SetParameter) (report.Check, error) {
	out, err := ssm.NewFromConfig(r.cloud.As(role, r.Plan.Recovery)).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(spec.Name)})
	if err != nil {
		return report.Check{}, err
	}
	value := aws.ToString(out.Parameter.Value)
	return report.Check{
		What: "parameter " + spec.Name + " has the recovery region's value",
		OK:   !strings.Contains(value, r.Plan.Primary) && !strings.Contains(value, "${") && aws.ToTime(out.Parameter.LastModifiedDate).After(r.struck),
		Seen: value,
	}, nil
}

func (r *rehearsal) answers(ctx context.Context, page string) (report.Check, error) {
	check := report.Check{What: page + " leads to the recovery region"}
	at, err := url.Parse(page)
	if err != nil {
		return check, err
	}
	return r.leads(ctx, at.Hostname(), check)
}

func (r *rehearsal) shifted(ctx context.Context, record string) (report.Check, error) {
	return r.leads(ctx, record, report.Check{What: "users of " + record + " are sent to the recovery region"})
}

func (r *rehearsal) leads(ctx context.Context, host string, check report.Check) (report.Check, error) {
	address, err := r.cloud.Internet.Resolver().Lookup(ctx, host)
	check.OK, check.Seen = address == workload.RecoveryAddress, address
	return check, err
}

// leftovers are what the run made and the application does not use, and what
// still runs of it.
func (r *rehearsal) leftovers(ctx context.Context) error {
	r.report.Leftovers = []string{}
	left := func(format string, args ...any) {
		r.report.Leftovers = append(r.report.Leftovers, fmt.Sprintf(format, args...))
	}
	volumes, err := r.runVolumes(ctx, ec2.NewFromConfig(r.cloud.As(role, r.Plan.Recovery)))
	if err != nil {
		return err
	}
	for _, volume := range volumes {
		if volume.State != types.VolumeStateInUse {
			left("volume %s of step %s is attached to nothing", aws.ToString(volume.VolumeId), tag(volume.Tags, lineage.Step))
		}
	}
	for s := range r.Plan.Steps() {
		spec, ok := s.Spec.(*plan.LaunchInstances)
		if !ok {
			continue
		}
		instances, err := r.instances(ctx, s.ID)
		if err != nil {
			return err
		}
		if extra := len(instances) - spec.Count; extra > 0 {
			left("step %s launched %d instances too many", s.ID, extra)
		}
	}
	out, err := sfn.NewFromConfig(r.cloud.As(role, r.Plan.Recovery)).ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: aws.String(r.deployed.Machine)})
	if err != nil {
		return err
	}
	for _, execution := range out.Executions {
		if execution.Status == sfntypes.ExecutionStatusRunning {
			left("execution %s still runs", aws.ToString(execution.Name))
		}
	}
	if extra := len(out.Executions) - 1; extra > 0 {
		left("%d executions more than the one run", extra)
	}
	return nil
}
