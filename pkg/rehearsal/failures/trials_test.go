package failures_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// trials are the rows: every step kind that acts on what the simulator has.
var trials = []trial{
	{kind: plan.KindSetParameter, service: "ssm", action: "PutParameter", furnish: aParameter},
	{kind: plan.KindPromoteDatabase, service: "rds", action: "PromoteReadReplica", stays: true, furnish: aReplica},
	{kind: plan.KindRestoreVolumes, service: "ec2", action: "CreateVolume", furnish: aPoint},
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
	name := shortened(p.Name)
	_, err := rds.NewFromConfig(w.Upstream(recovery)).CreateDBInstanceReadReplica(w.t.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String(name + "-replica"), SourceDBInstanceIdentifier: aws.String(aDatabase(w, name)), DBInstanceClass: aws.String("db.t4g.medium"),
	})
	must(w, 0, err)
	return &plan.PromoteDatabase{Replica: name + "-replica"}
}

// shortened is a name that RDS takes, with the plan's in it.
func shortened(name string) string { return strings.Trim(name, "-") }

func aPoint(w *world, p *plan.Plan) any {
	p.Protect = []plan.Policy{{
		Name: "data", Volumes: &plan.Selector{Tags: map[string]string{"app": p.Name}},
		Every: plan.Duration(30 * 60e9), RPO: p.Objectives.RPO, Keep: plan.Keep{Last: 1},
	}}
	w.furnish(p)
	return &plan.RestoreVolumes{Policy: "data", AttachTo: p.Name + "-worker"}
}

// anInstance runs in the recovery region under a name.
func anInstance(w *world, name string) string {
	client := ec2.NewFromConfig(w.Upstream(recovery))
	image, err := client.RegisterImage(w.t.Context(), &ec2.RegisterImageInput{Name: aws.String(name), RootDeviceName: aws.String("/dev/xvda")})
	out, err := client.RunInstances(w.t.Context(), &ec2.RunInstancesInput{
		ImageId: must(w, image, err).ImageId, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: types.InstanceTypeT4gSmall,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String(name)}}}},
	})
	return aws.ToString(must(w, out, err).Instances[0].InstanceId)
}
