package onwire

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture/publisher"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/step/launchinstances"
	"github.com/pilotlight/pilotlight/pkg/step/promotedatabase"
	"github.com/pilotlight/pilotlight/pkg/step/restorevolumes"
	"github.com/pilotlight/pilotlight/pkg/step/setparameter"
	"github.com/pilotlight/pilotlight/pkg/step/shifttraffic"
)

func aRun(name string) step.Run {
	return step.Run{Plan: "storefront", ID: "storefront-1", Epoch: 1, Step: name, Primary: primary, Recovery: recovery}
}

func TestPromoteDatabase_onTheWire(t *testing.T) {
	w := newWorld(t)
	home, away := rds.NewFromConfig(w.as("tester", primary)), rds.NewFromConfig(w.as("tester", recovery))
	db := must[*rds.CreateDBInstanceOutput](t)(home.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders"), Engine: aws.String("mysql"), DBInstanceClass: aws.String("db.t4g.small"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("not-a-secret"),
		BackupRetentionPeriod: aws.Int32(1),
	}))
	must[*rds.CreateDBInstanceReadReplicaOutput](t)(away.CreateDBInstanceReadReplica(t.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String("orders-replica"), SourceDBInstanceIdentifier: db.DBInstance.DBInstanceArn,
		DBInstanceClass: aws.String("db.t4g.small"),
	}))
	got := settle(w, promotedatabase.New(w.as(role, recovery)), aRun("orders"), plan.PromoteDatabase{Replica: "orders-replica", Class: "db.r6g.large", MultiAZ: true})
	if got.Outputs["endpoint"] == "" || got.Outputs["port"] == "" || w.changes() != 3 {
		t.Errorf("outputs %v after %d changes; want an endpoint after three", got.Outputs, w.changes())
	}
}

func TestLaunchInstances_onTheWire(t *testing.T) {
	w := newWorld(t)
	s := w.site()
	got := settle(w, launchinstances.New(w.as(role, recovery)), aRun("web"), plan.LaunchInstances{
		Template: "web", Count: 3, Types: []string{"m7g.large"}, Zones: []string{"us-west-2a", "us-west-2b"}, Targets: "web",
	})
	if got.Outputs["zones"] != "us-west-2a,us-west-2b" {
		t.Errorf("outputs %v", got.Outputs)
	}
	out := must[*ec2.DescribeInstancesOutput](t)(s.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{
		Filters: []types.Filter{{Name: aws.String("instance-type"), Values: []string{"m7g.large"}}},
	}))
	n := 0
	for _, reservation := range out.Reservations {
		n += len(reservation.Instances)
	}
	if n != 3 {
		t.Errorf("%d instances; want 3", n)
	}
}

func TestRestoreVolumes_onTheWire(t *testing.T) {
	w := newWorld(t)
	s := w.site()
	workers := must[*ec2.RunInstancesOutput](t)(s.ec2.RunInstances(t.Context(), &ec2.RunInstancesInput{
		LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")}, MinCount: aws.Int32(2), MaxCount: aws.Int32(2),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("worker")}}}},
	})).Instances
	r := aRun("restore")
	r.Pins = run.Pins{"data": nil}
	for _, source := range []string{"i-old1", "i-old2"} {
		for _, device := range []string{"/dev/sdf", "/dev/sdg"} {
			r.Pins["data"] = append(r.Pins["data"], lineage.Point{
				ID: s.snapshot(t), Policy: "data", Set: "set-of-" + source, SetSize: 2, Origin: "vol-" + source,
				Instance: source, Device: device, State: lineage.Complete, TakenAt: now(),
			})
		}
	}
	if err := shared.clock.Jump(time.Hour); err != nil {
		t.Fatal(err)
	}
	settle(w, restorevolumes.New(w.as(role, recovery)), r, plan.RestoreVolumes{Policy: "data", AttachTo: "worker"})
	out := must[*ec2.DescribeVolumesOutput](t)(s.ec2.DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{
		Filters: []types.Filter{{Name: aws.String("tag:" + lineage.Run), Values: []string{r.ID}}},
	}))
	attached := map[string][]string{}
	for _, v := range out.Volumes {
		for _, a := range v.Attachments {
			attached[*a.InstanceId] = append(attached[*a.InstanceId], *a.Device)
		}
	}
	for _, worker := range workers {
		devices := attached[*worker.InstanceId]
		slices.Sort(devices)
		if !slices.Equal(devices, []string{"/dev/sdf", "/dev/sdg"}) {
			t.Errorf("%s has %v", *worker.InstanceId, devices)
		}
	}
}

func (s site) snapshot(t *testing.T) string {
	t.Helper()
	v := must[*ec2.CreateVolumeOutput](t)(s.ec2.CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-west-2a"), Size: aws.Int32(8)}))
	if err := shared.clock.Jump(time.Minute); err != nil {
		t.Fatal(err)
	}
	return *must[*ec2.CreateSnapshotOutput](t)(s.ec2.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: v.VolumeId})).SnapshotId
}

func TestSetParameter_onTheWire(t *testing.T) {
	w := newWorld(t)
	r := aRun("host")
	r.Outputs = map[string]map[string]string{"orders": {"endpoint": "db.example"}}
	settle(w, setparameter.New(w.as(role, recovery)), r, plan.SetParameter{Name: "/storefront/host", Value: "${orders.endpoint}"})
	r.Outputs["orders"]["endpoint"] = "other.example"
	settle(w, setparameter.New(w.as(role, recovery)), r, plan.SetParameter{Name: "/storefront/host", Value: "${orders.endpoint}"})
	got := must[*ssm.GetParameterOutput](t)(ssm.NewFromConfig(w.as("tester", recovery)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/storefront/host")}))
	if *got.Parameter.Value != "other.example" || got.Parameter.Version != 2 {
		t.Errorf("parameter %s in version %d", *got.Parameter.Value, got.Parameter.Version)
	}
}

// book is a ledger that publishes as soon as it is shifted.
type book struct {
	side    run.Side
	publish func(context.Context) error
}

func (b *book) State(_ context.Context, plan string) (run.State, time.Time, error) {
	return run.State{Plan: plan, Side: b.side}, now(), nil
}

func (b *book) Shift(ctx context.Context, _ string, _ int64, to run.Side) (bool, error) {
	if b.side == to {
		return false, nil
	}
	b.side = to
	return true, b.publish(ctx)
}

func TestShiftTraffic_seesOnTheWireWhatThePublisherWrote(t *testing.T) {
	w := newWorld(t)
	b := &book{side: run.PrimarySide}
	publish := publisher.New(w.as("publisher", recovery), b)
	b.publish = func(ctx context.Context) error {
		_, err := publish.Publish(ctx, "storefront")
		return err
	}
	if err := b.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	settle(w, shifttraffic.New(w.as(role, recovery), b), aRun("shift"), plan.ShiftTraffic{Record: "shop.example.com", Via: plan.ViaHealthCheck})
}
