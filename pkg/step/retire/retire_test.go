package retire

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.Retire]

// left is the region that the run leaves.
const left = simulated.Home

func planned(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.Retire] { return New(cfg) }, "tidy")
	w.Run.Mode, w.Run.ID = run.Planned, "storefront-7"
	return w
}

var (
	earlierRun = map[string]string{lineage.Plan: "storefront", lineage.Run: "storefront-3", lineage.Step: "web"}
	otherPlan  = map[string]string{lineage.Plan: "almanac", lineage.Run: "almanac-3", lineage.Step: "web"}
	policy     = map[string]string{lineage.Plan: "storefront", lineage.Policy: "data"}
	aDrill     = map[string]string{lineage.Plan: "storefront", lineage.Run: "storefront-5", lineage.Step: "web", lineage.Drill: "storefront-5"}
)

func database(w *trial, name string, change func(*rds.CreateDBInstanceInput)) {
	w.T.Helper()
	in := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(name), Engine: aws.String("mysql"), EngineVersion: aws.String("8.0.35"), DBInstanceClass: aws.String("db.m5.large"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"), BackupRetentionPeriod: aws.Int32(1),
	}
	if change != nil {
		change(in)
	}
	must[*rds.CreateDBInstanceOutput](w.T)(rds.NewFromConfig(w.Team(left)).CreateDBInstance(w.T.Context(), in))
}

func instance(w *trial, tags map[string]string) string {
	w.T.Helper()
	c := ec2.NewFromConfig(w.Team(left))
	image := must[*ec2.RegisterImageOutput](w.T)(c.RegisterImage(w.T.Context(), &ec2.RegisterImageInput{
		Name: aws.String(fmt.Sprintf("web-%v", tags)), RootDeviceName: aws.String("/dev/xvda"),
	}))
	out := must[*ec2.RunInstancesOutput](w.T)(c.RunInstances(w.T.Context(), &ec2.RunInstancesInput{
		ImageId: image.ImageId, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: ec2List(tags)}},
	}))
	return *out.Instances[0].InstanceId
}

func volume(w *trial, tags map[string]string) string {
	w.T.Helper()
	out := must[*ec2.CreateVolumeOutput](w.T)(ec2.NewFromConfig(w.Team(left)).CreateVolume(w.T.Context(), &ec2.CreateVolumeInput{
		AvailabilityZone: aws.String(left + "a"), Size: aws.Int32(8),
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeVolume, Tags: ec2List(tags)}},
	}))
	return *out.VolumeId
}

// everything is what the region holds, in words.
func everything(w *trial) []string {
	w.T.Helper()
	all, c, d, ctx := []string{}, ec2.NewFromConfig(w.Team(left)), rds.NewFromConfig(w.Team(left)), w.T.Context()
	for _, db := range must[*rds.DescribeDBInstancesOutput](w.T)(d.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})).DBInstances {
		all = append(all, "database "+*db.DBInstanceIdentifier)
	}
	for _, s := range must[*rds.DescribeDBSnapshotsOutput](w.T)(d.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")})).DBSnapshots {
		all = append(all, "last of "+*s.DBInstanceIdentifier)
	}
	for _, r := range must[*ec2.DescribeInstancesOutput](w.T)(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{})).Reservations {
		for _, i := range r.Instances {
			all = append(all, fmt.Sprintf("instance %s %v of %s", i.State.Name, ec2Tags(i.Tags)[lineage.Before], ec2Tags(i.Tags)[lineage.Run]))
		}
	}
	for _, v := range must[*ec2.DescribeVolumesOutput](w.T)(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: []ec2types.Filter{{Name: aws.String("tag-key"), Values: []string{lineage.Plan}}}})).Volumes {
		all = append(all, fmt.Sprintf("volume of %v", ec2Tags(v.Tags)))
	}
	for _, s := range must[*ec2.DescribeSnapshotsOutput](w.T)(c.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})).Snapshots {
		all = append(all, "snapshot "+aws.ToString(s.Description))
	}
	slices.Sort(all)
	return all
}

func TestStep_actsOnceAndSaysWhatIsGone(t *testing.T) {
	did := func(operations ...string) (all []string) {
		for _, operation := range operations {
			all = append(all, left+"."+operation)
		}
		return all
	}
	simulated.Hold(t, map[string]simulated.Scenario[plan.Retire]{
		"a database": {
			Build: func(t *testing.T) *trial {
				w := planned(t)
				database(w, "orders", nil)
				w.Spec.Databases = []string{"orders"}
				return w
			},
			Changes: did("CreateDBSnapshot", "DeleteDBInstance"), Left: 2,
		},
		"what an earlier run made": {
			Build: func(t *testing.T) *trial {
				w := planned(t)
				instance(w, earlierRun)
				volume(w, earlierRun)
				w.Spec.Made = true
				return w
			},
			Changes: did("CreateTags", "TerminateInstances", "CreateSnapshot", "DeleteVolume"), Left: 2,
		},
		"what is not there": {Build: func(t *testing.T) *trial {
			w := planned(t)
			w.Spec = plan.Retire{Made: true, Databases: []string{"orders"}}
			return w
		}},
	}, everything)
}

func TestAdvance_touchesNothingOfAnybodyElse(t *testing.T) {
	w := planned(t)
	for _, tags := range []map[string]string{otherPlan, policy, aDrill, {"team": "web"}} {
		instance(w, tags)
		volume(w, tags)
	}
	database(w, "customers", nil)
	before := everything(w)
	w.Spec.Made = true
	w.Settle(w.Advance)
	if after := everything(w); !slices.Equal(before, after) || len(w.Caller.Changes) > 0 {
		t.Errorf("changed %v: before %v, after %v", w.Caller.Changes, before, after)
	}
}

func TestAdvance_saysAtOnceWhichVolumeSomebodyElseHas(t *testing.T) {
	w := planned(t)
	other, kept := instance(w, map[string]string{"team": "web"}), volume(w, earlierRun)
	w.Pass(time.Hour)
	must[*ec2.AttachVolumeOutput](t)(ec2.NewFromConfig(w.Team(left)).AttachVolume(t.Context(), &ec2.AttachVolumeInput{
		VolumeId: aws.String(kept), InstanceId: aws.String(other), Device: aws.String("/dev/sdf"),
	}))
	w.Spec.Made = true
	got := must[step.Progress](t)(w.Advance())
	if want := "volume " + kept + " is attached to " + other + ", which this step does not remove: detach it"; got.Done || !strings.Contains(got.Detail, want) || len(w.Caller.Changes) > 0 {
		t.Errorf("%+v after %v; want %q", got, w.Caller.Changes, want)
	}
}

func TestAdvance_takesTheDatabasesOfEarlierRuns(t *testing.T) {
	w := planned(t)
	database(w, "orders-2", func(in *rds.CreateDBInstanceInput) { in.Tags = tagList(earlierRun) })
	w.Spec.Made = true
	got := w.Settle(w.Advance)
	if want := "database orders-2 (last snapshot orders-2-final-storefront-7)"; got.Outputs["removed"] != want {
		t.Errorf("outputs %v; want %s", got.Outputs, want)
	}
}

func TestAdvance_stopsForGoodBeforeItDeletesWhatMustStay(t *testing.T) {
	for name, trouble := range map[string]func(*trial){
		"an unplanned run": func(w *trial) { w.Run.Mode = run.Unplanned },
		"a repair":         func(w *trial) { w.Run.Mode, w.Run.Recovery = run.Repair, left },
		"a protected database": func(w *trial) {
			database(w, "safe", func(in *rds.CreateDBInstanceInput) { in.DeletionProtection = aws.Bool(true) })
		},
		"a source with replicas": func(w *trial) { database(w, "safe", nil); replica(w) },
	} {
		w := planned(t)
		trouble(w)
		w.Spec.Databases = []string{"safe"}
		if _, err := w.Advance(); failure.ClassOf(err) != failure.Permanent || len(w.Caller.Changes) > 0 {
			t.Errorf("%s: %v after %v; want a permanent error and no change", name, err, w.Caller.Changes)
		}
	}
}

func replica(w *trial) {
	w.T.Helper()
	must[*rds.CreateDBInstanceReadReplicaOutput](w.T)(rds.NewFromConfig(w.Team(simulated.Away)).CreateDBInstanceReadReplica(w.T.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String("safe-replica"), SourceDBInstanceIdentifier: aws.String("arn:aws:rds:us-east-1:123456789012:db:safe"),
	}))
}

func TestAdvance_isLeftOutInADrill(t *testing.T) {
	w := planned(t)
	database(w, "orders", nil)
	w.Spec = plan.Retire{Made: true, Databases: []string{"orders"}}
	w.Run.Mode, w.Run.Drill = run.Drill, &plan.Drill{Suffix: "drill"}
	got := must[step.Progress](t)(w.Advance())
	if !got.Done || !strings.Contains(got.Detail, "left out") || w.Caller.Calls > 0 {
		t.Errorf("%+v after %d calls", got, w.Caller.Calls)
	}
}

func TestCheck_saysWhatIsProtected(t *testing.T) {
	w := planned(t)
	database(w, "orders", func(in *rds.CreateDBInstanceInput) { in.DeletionProtection = aws.Bool(true) })
	instance(w, earlierRun)
	w.Spec = plan.Retire{Made: true, Databases: []string{"orders", "gone-already"}}
	if got := w.Check(); len(got) != 1 || !strings.Contains(got[0], "protected from deletion") {
		t.Errorf("problems %q", got)
	}
	if len(w.Caller.Changes) > 0 {
		t.Errorf("a check changed %v", w.Caller.Changes)
	}
}

// must takes the answer of a call that has to succeed.
func must[T any](t testing.TB) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
