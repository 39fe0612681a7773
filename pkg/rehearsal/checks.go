package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// checks reads from AWS, step by step, whether the application has what the plan
// says; or, when nothing may be left of the run, whether AWS is as it was. The
// product's journal has no part in it. What cannot be read is not so.
func (r *rehearsal) checks(ctx context.Context) error {
	if r.takenBack() {
		return r.tell(ctx, r.unchanged)
	}
	for s := range r.on.Steps() {
		if err := r.tell(ctx, func(ctx context.Context) (report.Check, error) { return r.check(ctx, s) }); err != nil {
			return err
		}
	}
	if r.scenario.asOf {
		return r.tell(ctx, r.unspoiled)
	}
	return nil
}

// takenBack says whether nothing of the run is there any more.
func (r *rehearsal) takenBack() bool {
	return r.scenario.mode == run.Drill || r.record.State.End == run.Aborted
}

func (r *rehearsal) tell(ctx context.Context, look func(context.Context) (report.Check, error)) error {
	check, err := look(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		check.OK, check.Seen = false, err.Error()
	}
	r.report.Checks = append(r.report.Checks, check)
	return nil
}

// unspoiled is whether all data that came back are from before what happened to
// them.
func (r *rehearsal) unspoiled(context.Context) (report.Check, error) {
	check := report.Check{What: "all data that came back are from before " + r.struck.UTC().Format(time.RFC3339), OK: len(r.report.RecoveryPoints) > 0}
	for _, point := range r.report.RecoveryPoints {
		if !point.TakenAt.Before(r.struck) {
			check.OK = false
			check.Seen += fmt.Sprintf("%s has data of %s; ", point.Source, point.TakenAt.UTC().Format(time.RFC3339))
		}
	}
	if check.OK {
		check.Seen = fmt.Sprintf("%d recovery points, none of them younger", len(r.report.RecoveryPoints))
	}
	return check, nil
}

func (r *rehearsal) check(ctx context.Context, s *plan.Step) (report.Check, error) {
	if look := looks[s.Kind]; look != nil {
		return look(r, ctx, s)
	}
	return report.Check{What: "step " + s.ID + " has a check"}, fmt.Errorf("there is none for %s", s.Kind)
}

func (r *rehearsal) instances(ctx context.Context, step string) ([]types.Instance, error) {
	filters := append(r.ofRun(), types.Filter{Name: aws.String("tag:" + lineage.Step), Values: []string{step}},
		types.Filter{Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}})
	out, err := ec2.NewFromConfig(r.cloud.As(role, r.on.Recovery)).DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters})
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

// attached: all volumes that the policy protects are back, those of each instance
// from one snapshot set, which is one StartTime of their sources.
func (r *rehearsal) attached(ctx context.Context, step string, spec *plan.RestoreVolumes) (report.Check, error) {
	check := report.Check{What: fmt.Sprintf("the volumes of policy %s are attached to %s, an instance's from one consistent set", spec.Policy, spec.AttachTo)}
	home := r.home[spec.Policy]
	origins := map[string]bool{}
	sets := map[string]map[time.Time]bool{} // times of the sources by instance
	for _, volume := range r.restored {
		if tag(volume.Tags, lineage.Step) != step || volume.State != types.VolumeStateInUse || len(volume.Attachments) != 1 {
			continue
		}
		origins[volume.origin] = true
		instance := aws.ToString(volume.Attachments[0].InstanceId)
		if sets[instance] == nil {
			sets[instance] = map[time.Time]bool{}
		}
		sets[instance][volume.point.TakenAt] = true
	}
	check.OK = len(home) > 0 && len(origins) == len(home)
	for _, times := range sets {
		check.OK = check.OK && len(times) == 1
	}
	check.Seen = fmt.Sprintf("%d of %d volumes attached to %d instances", len(origins), len(home), len(sets))
	return check, nil
}

// promoted is whether the database that the step makes accepts writes: a replica
// of old, or one that it restored.
func (r *rehearsal) promoted(ctx context.Context, spec *plan.PromoteDatabase) (report.Check, error) {
	name := r.serving(spec)
	check := report.Check{What: "database " + name + " accepts writes and has the plan's size"}
	db, err := r.database(ctx, name)
	if err != nil {
		return check, err
	}
	class, multi := aws.ToString(db.DBInstanceClass), aws.ToBool(db.MultiAZ)
	check.OK = writable(db) && (spec.Class == "" || class == spec.Class) && (!spec.MultiAZ || multi)
	check.Seen = fmt.Sprintf("%s, replica: %t, %s, Multi-AZ: %t", aws.ToString(db.DBInstanceStatus), isReplica(db), class, multi)
	return check, nil
}

func (r *rehearsal) database(ctx context.Context, name string) (rdstypes.DBInstance, error) {
	out, err := rds.NewFromConfig(r.cloud.As(role, r.on.Recovery)).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	if err != nil {
		return rdstypes.DBInstance{}, err
	}
	return out.DBInstances[0], nil // one that does not exist is an error
}

func isReplica(db rdstypes.DBInstance) bool { return db.ReadReplicaSourceDBInstanceIdentifier != nil }

func writable(db rdstypes.DBInstance) bool {
	return !isReplica(db) && aws.ToString(db.DBInstanceStatus) == "available"
}

// turned: what the plan writes plainly is there word for word; what it takes from
// a step is filled in, and nothing of the primary region's.
func (r *rehearsal) turned(ctx context.Context, spec *plan.SetParameter) (report.Check, error) {
	check := report.Check{What: "parameter " + spec.Name + " has the recovery region's value"}
	out, err := ssm.NewFromConfig(r.cloud.As(role, r.on.Recovery)).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(spec.Name)})
	if err != nil {
		return check, err
	}
	value := aws.ToString(out.Parameter.Value)
	check.OK, check.Seen = value == spec.Value, value
	if strings.Contains(spec.Value, "${") {
		check.OK = !strings.Contains(value, "${") && aws.ToTime(out.Parameter.LastModifiedDate).After(r.struck)
	}
	return check, nil
}
