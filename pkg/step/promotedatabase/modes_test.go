package promotedatabase

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// lag is what the replica says of the minute that passes.
func (w *world) lag(seconds float64) {
	w.t.Helper()
	w.measure("ReplicaLag", seconds, cw.Dimension{Name: aws.String("DBInstanceIdentifier"), Value: aws.String("orders-replica")})
}

// measure puts a metric of RDS and lets the minute pass.
func (w *world) measure(metric string, value float64, of ...cw.Dimension) {
	w.t.Helper()
	must[*cloudwatch.PutMetricDataOutput](w.t)(w.metrics().PutMetricData(w.t.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("AWS/RDS"), MetricData: []cw.MetricDatum{{
			MetricName: aws.String(metric), Value: aws.Float64(value), Timestamp: aws.Time(w.Now()), Dimensions: of,
		}},
	}))
	w.Pass(time.Minute)
}

func (w *world) metrics() *cloudwatch.Client {
	return cloudwatch.NewFromConfig(new(simulated.Caller).Config(w.AWS, w.Front, away))
}

func TestAdvance_promotesGracefullyOnceAllFromBeforeTheFenceHasArrived(t *testing.T) {
	w := following(t)
	w.Run.Mode = run.Planned
	w.lag(0) // of before the fence
	w.Run.Fenced = w.Now().Add(30 * time.Second)
	waits := func(why, want string) {
		t.Helper()
		if got := must[step.Progress](t)(w.Advance()); got.Done || !strings.Contains(got.Detail, want) || len(w.Caller.Changes) > 0 {
			t.Fatalf("%s: %+v after %v; want a wait that says %q", why, got, w.Caller.Changes, want)
		}
	}
	waits("only a minute from before the fence is known", "behind")
	w.lag(-1)
	waits("replication has stopped", "stopped")
	w.lag(300)
	waits("five minutes behind, half a minute after the fence", "5m0s behind")
	w.lag(80)
	if got := must[step.Progress](t)(w.Advance()); !strings.Contains(got.Detail, "being promoted") {
		t.Errorf("80 s behind, 90 s after the fence: %+v", got)
	}
}

func TestAdvance_asksNobodyForTheLagInAnUnplannedRun(t *testing.T) {
	w := following(t)
	w.lag(-1)
	if got := w.Settle(w.Advance); got.Outputs[measured] != promotion {
		t.Errorf("outputs %v", got.Outputs)
	}
}

func TestDrill_restoresACopyInItsOwnNetworkAndSaysThatItIsNoPromotion(t *testing.T) {
	w := drilled(t)
	replica := databases(w.Trial)
	got := w.Settle(w.Advance)
	if got.Outputs[measured] != restore || !strings.Contains(got.Detail, "not a promotion") {
		t.Errorf("outputs %v, detail %q", got.Outputs, got.Detail)
	}
	copied := w.instance("orders-replica-drill")
	if *copied.DBSubnetGroup.DBSubnetGroupName != "drill" || *copied.VpcSecurityGroups[0].VpcSecurityGroupId != "sg-drill" {
		t.Errorf("the copy is in %s with %v", *copied.DBSubnetGroup.DBSubnetGroupName, copied.VpcSecurityGroups)
	}
	want := tagged + ",pilotlight:drill=storefront-1,pilotlight:expires=" + w.Run.Began.Add(8*time.Hour).Format(time.RFC3339)
	if got := words(copied.TagList); sorted(got) != sorted(want) {
		t.Errorf("tags %s; want %s", got, want)
	}
	for _, was := range replica {
		if !strings.Contains(strings.Join(databases(w.Trial), "\n"), was) {
			t.Errorf("%s has changed", was)
		}
	}
}

func TestDrill_restoresTheNewestPointWhereThePlanHasOne(t *testing.T) {
	w := drilled(t)
	must[*rds.StartDBInstanceAutomatedBackupsReplicationOutput](t)(w.team(away).StartDBInstanceAutomatedBackupsReplication(t.Context(),
		&rds.StartDBInstanceAutomatedBackupsReplicationInput{SourceDBInstanceArn: aws.String("arn:aws:rds:us-east-1:123456789012:db:orders")}))
	w.Pass(time.Hour)
	w.Spec.Points, w.Spec.Database = "orders", &plan.Database{Instance: "orders", Replica: "orders-replica", By: plan.Backups}
	w.Settle(w.Advance)
	if diff := cmp.Diff([]string{away + ".RestoreDBInstanceToPointInTime"}, w.Caller.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestDrill_changesNothingWithoutANetworkOfItsOwn(t *testing.T) {
	for _, drill := range []plan.Drill{{Suffix: "drill", SecurityGroups: []string{"sg-drill"}}, {Suffix: "drill", SubnetGroup: "drill"}} {
		w := following(t)
		w.Run.Mode, w.Run.Drill = run.Drill, &drill
		if _, err := w.Advance(); failure.ClassOf(err) != failure.Permanent || w.Caller.Calls > 0 {
			t.Errorf("%+v: %v after %d calls", drill, err, w.Caller.Calls)
		}
		if problems := strings.Join(w.Check(), " "); !strings.Contains(problems, "of its own") {
			t.Errorf("Check says nothing of it: %q", problems)
		}
	}
}

func TestRestore_goesToTheLastSecondBeforeAMoment(t *testing.T) {
	w := replicated(t)
	w.Run.AsOf = w.Now().Add(-20 * time.Minute)
	w.Settle(w.Advance)
	if got := w.instance("orders-2"); aws.ToBool(got.MultiAZ) || *got.DBInstanceClass != "db.m5.large" {
		t.Errorf("what the call did not say: %+v", got)
	}
	early := replicated(t)
	early.Run.AsOf = early.Now().Add(-2 * time.Hour)
	if _, err := early.Advance(); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "reach back to") || len(early.Caller.Changes) > 0 {
		t.Errorf("before the first backup: %v", err)
	}
}

func TestRestore_waitsUntilTheBackupsHoldWhatWasWrittenBeforeTheFence(t *testing.T) {
	w := replicated(t)
	w.Run.Mode, w.Run.Fenced = run.Planned, w.Now()
	if got := must[step.Progress](t)(w.Advance()); got.Done || !strings.Contains(got.Detail, "waiting until they hold") {
		t.Errorf("%+v", got)
	}
	w.Pass(6 * time.Minute)
	if got := must[step.Progress](t)(w.Advance()); !strings.Contains(got.Detail, "is restored") {
		t.Errorf("%+v", got)
	}
}

func TestRestore_putsDataBackInPlaceUnderANewName(t *testing.T) {
	w := newWorld(t)
	w.orders()
	w.Pass(time.Hour)
	w.Run.Mode, w.Run.Primary, w.Run.Recovery = run.Repair, home, home
	w.Run.AsOf = w.Now().Add(-30 * time.Minute)
	w.Spec = plan.PromoteDatabase{Policy: "orders", As: "orders-mended", Points: "orders", Database: &plan.Database{Instance: "orders", By: plan.Backups}}
	w.Settle(w.Advance)
	if diff := cmp.Diff([]string{home + ".RestoreDBInstanceToPointInTime"}, w.Caller.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := words(w.instance("orders-mended").TagList); got != tagged {
		t.Errorf("tags %s", got)
	}
}

func TestRestore_stopsForGoodWhenOnlyAPersonCanHelp(t *testing.T) {
	for name, trouble := range map[string]func(*world){
		"nothing pinned": func(w *world) { w.Run.Pins = nil },
		"a database of that name": func(w *world) {
			must[*rds.RestoreDBInstanceFromDBSnapshotOutput](w.t)(w.team(away).RestoreDBInstanceFromDBSnapshot(w.t.Context(), &rds.RestoreDBInstanceFromDBSnapshotInput{
				DBInstanceIdentifier: aws.String("orders-2"), DBSnapshotIdentifier: aws.String("first-copy"),
				Tags: tagList(map[string]string{lineage.Plan: "storefront", lineage.Run: "storefront-0", lineage.Step: "orders"}),
			}))
		},
		"a cluster without a class": func(w *world) { w.Spec.Class, w.Spec.Database = "", &plan.Database{Cluster: "stock"} },
	} {
		w := pinned(t)
		trouble(w)
		if _, err := w.Advance(); failure.ClassOf(err) != failure.Permanent || len(w.Caller.Changes) > 0 {
			t.Errorf("%s: %v after %v; want a permanent error and no change", name, err, w.Caller.Changes)
		}
	}
}

func TestRestore_waitsForANameThatIsBecomingFree(t *testing.T) {
	w := pinned(t)
	w.Settle(w.Advance)
	must[*rds.DeleteDBInstanceOutput](t)(rds.NewFromConfig(new(simulated.Caller).Config(w.AWS, w.Front, away)).DeleteDBInstance(t.Context(),
		&rds.DeleteDBInstanceInput{DBInstanceIdentifier: aws.String("orders-2"), SkipFinalSnapshot: aws.Bool(true)}))
	if got := must[step.Progress](t)(w.Advance()); got.Done || len(w.Caller.Changes) > 1 {
		t.Errorf("while another of that name is deleted: %+v after %v", got, w.Caller.Changes)
	}
	w.Settle(w.Advance)
	if len(w.Caller.Changes) != 2 {
		t.Errorf("changes %v", w.Caller.Changes)
	}
}

func (w *world) instance(name string) types.DBInstance {
	w.t.Helper()
	out := must[*rds.DescribeDBInstancesOutput](w.t)(w.team(w.Run.Recovery).DescribeDBInstances(w.t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)}))
	return out.DBInstances[0]
}

// The second step's note would be that of a database that never was a replica.
func TestUndo_ofTwoStepsOnOneDatabaseSaysThatItWasPromoted(t *testing.T) {
	w := following(t)
	again := w.Spec
	again.Class = "db.r6g.2xlarge"
	for i, back := range simulated.Twice(w.Trial, again, databases) {
		if !strings.Contains(back.Left, "was promoted") {
			t.Errorf("undo %d left %q", i+1, back.Left)
		}
	}
}
