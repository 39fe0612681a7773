package failures_test

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// trials are the rows: every step kind, as docs/failure-model.md lists them.
var trials = []trial{
	{kind: plan.KindSetParameter, service: "ssm", action: "PutParameter", furnish: aParameter},
	{kind: plan.KindPromoteDatabase, service: "rds", action: "PromoteReadReplica", stays: onceActed, furnish: aReplica},
	{kind: plan.KindRestoreVolumes, service: "ec2", action: "CreateVolume", furnish: aPoint},
	{kind: plan.KindFence, mode: run.Planned, service: "ec2", action: "StopInstances", region: primary, furnish: aSite},
	{kind: plan.KindCreateReplica, mode: run.Planned, service: "rds", action: "CreateDBInstanceReadReplica", region: recovery, furnish: aSource},
	{kind: plan.KindAssociateAddress, service: "ec2", action: "AssociateAddress", furnish: anAddress},
	{kind: plan.KindResizeInstances, service: "ec2", action: "ModifyInstanceAttribute", furnish: aSmallInstance},
	{kind: plan.KindRegisterTargets, service: "elasticloadbalancing", action: "RegisterTargets", furnish: aTargetGroup},
	{kind: plan.KindScaleGroup, service: "autoscaling", action: "UpdateAutoScalingGroup", furnish: aGroup},
	{kind: plan.KindRunCommand, service: "ssm", action: "SendCommand", stays: onceActed, furnish: aManagedInstance},
	{kind: plan.KindRetire, mode: run.Planned, service: "rds", action: "DeleteDBInstance", region: primary, stays: onceActed, furnish: anOldDatabase},
	{kind: plan.KindShiftTraffic, service: "route53", action: "ChangeResourceRecordSets", home: true, furnish: aSharedName},
	{kind: plan.KindLaunchInstances, service: "ec2", action: "RunInstances", furnish: aTemplate},
	{kind: plan.KindApprove, service: "sns", action: "Publish", asks: true, furnish: aQuestion},
	// It changes nothing: a site that does not answer, or not well, is its trouble.
	{kind: plan.KindVerify, service: "cloudwatch", action: "DescribeAlarms", own: []string{"slow", "busy"}, furnish: aSitesPage},
	{kind: plan.KindResumeProtection, service: "dynamodb", action: "PutItem", holding: `\"turned\":true`, furnish: aDirection},
	// The child's own tick starts a run that the step could not: so it is the child that does not end in time.
	{kind: plan.KindRunPlan, service: "states", action: "StartExecution", own: []string{"slow"}, stays: onceDone, furnish: aChild},
	{kind: plan.KindCreateStack, service: "cloudformation", action: "CreateStack", furnish: aStack},
	{kind: plan.KindEventSource, service: "lambda", action: "UpdateEventSourceMapping", furnish: aMapping},
	{kind: plan.KindInvokeFunction, service: "lambda", action: "Invoke", holding: `"op":"advance"`, furnish: aTeamsFunction},
}

func must[T any](w *world, out T, err error) T {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func aParameter(w *world, p *plan.Plan) any {
	name := "/" + p.Name + "/host"
	_, err := ssm.NewFromConfig(w.Upstream(recovery)).PutParameter(w.t.Context(), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String("at home"), Type: ssmtypes.ParameterTypeString,
	})
	must(w, 0, err)
	return &plan.SetParameter{Name: name, Value: "away"}
}

// aDatabase is one in the primary region.
func aDatabase(w *world, name string) string {
	out, err := rds.NewFromConfig(w.Upstream(primary)).CreateDBInstance(w.t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(name), Engine: aws.String("mysql"), DBInstanceClass: aws.String("db.t4g.medium"), AllocatedStorage: aws.Int32(20),
		MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("not-a-secret"), BackupRetentionPeriod: aws.Int32(1),
	})
	return aws.ToString(must(w, out, err).DBInstance.DBInstanceArn)
}

func aReplica(w *world, p *plan.Plan) any {
	name := p.Name
	_, err := rds.NewFromConfig(w.Upstream(recovery)).CreateDBInstanceReadReplica(w.t.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String(name + "-replica"), SourceDBInstanceIdentifier: aws.String(aDatabase(w, name)), DBInstanceClass: aws.String("db.t4g.medium"),
	})
	must(w, 0, err)
	return &plan.PromoteDatabase{Replica: name + "-replica"}
}

func aPoint(w *world, p *plan.Plan) any {
	p.Protect = []plan.Policy{{
		Name: "data", Volumes: &plan.Selector{Tags: map[string]string{"app": p.Name}},
		Every: plan.Duration(30 * 60e9), RPO: p.Objectives.RPO, Keep: plan.Keep{Last: 1},
	}}
	w.furnish(p)
	return &plan.RestoreVolumes{Policy: "data", AttachTo: p.Name + "-worker"}
}

// servers are the team's in a region.
func (w *world) servers(region string) simulated.Servers {
	return simulated.Servers{T: w.t, Config: w.Upstream(region)}
}

// anInstance runs in a region under a name.
func anInstance(w *world, region, name string) { w.servers(region).Instance(name, region+"a") }

func aSite(w *world, p *plan.Plan) any {
	anInstance(w, primary, p.Name)
	return &plan.Fence{Instances: &plan.Selector{Tags: map[string]string{"Name": p.Name}}}
}

func aSource(w *world, p *plan.Plan) any {
	aDatabase(w, p.Name)
	return &plan.CreateReplica{Source: p.Name, Replica: p.Name + "-replica", Lag: plan.Duration(time.Hour)}
}

func anAddress(w *world, p *plan.Plan) any {
	anInstance(w, recovery, p.Name)
	out, err := ec2.NewFromConfig(w.Upstream(recovery)).AllocateAddress(w.t.Context(), &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})
	return &plan.AssociateAddress{Address: aws.ToString(must(w, out, err).AllocationId), Instance: p.Name}
}

func aSmallInstance(w *world, p *plan.Plan) any {
	anInstance(w, recovery, p.Name)
	return &plan.ResizeInstances{Instances: p.Name, Type: "m7g.large"}
}

func aTargetGroup(w *world, p *plan.Plan) any {
	anInstance(w, recovery, p.Name)
	w.servers(recovery).TargetGroup(targetGroup(p))
	return &plan.RegisterTargets{Targets: targetGroup(p), Instances: p.Name}
}

// targetGroup is a name of at most 32 characters, which is what ELB takes.
func targetGroup(p *plan.Plan) string {
	_, trouble, _ := strings.Cut(p.Name, "targets-")
	return "matrix-" + trouble
}

func aTemplate(w *world, p *plan.Plan) any {
	w.servers(recovery).Template(p.Name)
	return &plan.LaunchInstances{Template: p.Name, Count: 2, Zones: []string{recovery + "a", recovery + "b"}}
}

func aGroup(w *world, p *plan.Plan) any {
	aTemplate(w, p)
	_, err := autoscaling.NewFromConfig(w.Upstream(recovery)).CreateAutoScalingGroup(w.t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(p.Name), MinSize: aws.Int32(1), MaxSize: aws.Int32(1), DesiredCapacity: aws.Int32(1),
		AvailabilityZones: []string{recovery + "a"}, LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String(p.Name)},
	})
	must(w, 0, err)
	return &plan.ScaleGroup{Group: p.Name, Max: 3, Desired: 3}
}

// aSharedName is one whose users all go to the first of two weighted records.
func aSharedName(w *world, p *plan.Plan) any {
	client, name := route53.NewFromConfig(w.Upstream(primary)), "www."+p.Name+".example.com"
	zone, err := client.CreateHostedZone(w.t.Context(), &route53.CreateHostedZoneInput{Name: aws.String(p.Name + ".example.com"), CallerReference: aws.String(p.Name)})
	id := strings.TrimPrefix(aws.ToString(must(w, zone, err).HostedZone.Id), "/hostedzone/")
	var changes []r53types.Change
	for set, weight := range map[string]int64{"east": 100, "west": 0} {
		changes = append(changes, r53types.Change{Action: r53types.ChangeActionCreate, ResourceRecordSet: &r53types.ResourceRecordSet{
			Name: aws.String(name), Type: r53types.RRTypeA, SetIdentifier: aws.String(set), Weight: aws.Int64(weight), TTL: aws.Int64(60),
			ResourceRecords: []r53types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
		}})
	}
	_, err = client.ChangeResourceRecordSets(w.t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: aws.String(id), ChangeBatch: &r53types.ChangeBatch{Changes: changes}})
	must(w, 0, err)
	return &plan.ShiftTraffic{Record: name, Via: plan.ViaWeights, Zone: id, PrimarySet: "east", RecoverySet: "west"}
}

func aManagedInstance(w *world, p *plan.Plan) any {
	anInstance(w, recovery, p.Name)
	return &plan.RunCommand{Document: "AWS-RunShellScript", Parameters: map[string][]string{"commands": {"true"}}, Instances: p.Name}
}

func anOldDatabase(w *world, p *plan.Plan) any {
	aDatabase(w, p.Name)
	return &plan.Retire{Databases: []string{p.Name}}
}
