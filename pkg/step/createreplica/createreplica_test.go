package createreplica

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.CreateReplica]

// failback is a run from Away, where orders-2 serves, to Home.
func failback(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.CreateReplica] { return New(cfg) }, "seed")
	w.Run.Mode, w.Run.Primary, w.Run.Recovery = run.Failback, simulated.Away, simulated.Home
	w.Spec = plan.CreateReplica{Source: "orders-2", Replica: "orders-3", Class: "db.t4g.small"}
	database(w, simulated.Away, "orders-2", 1)
	return w
}

// standingBy is a run whose region that is left gets a replica of what serves now.
func standingBy(t *testing.T) *trial {
	w := failback(t)
	w.Run.Primary, w.Run.Recovery, w.Spec.StandBy = w.Run.Recovery, w.Run.Primary, true
	return w
}

func database(w *trial, region, name string, backups int32) {
	w.T.Helper()
	must[*rds.CreateDBInstanceOutput](w.T)(rds.NewFromConfig(w.Team(region)).CreateDBInstance(w.T.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(name), Engine: aws.String("mysql"), EngineVersion: aws.String("8.0.35"), DBInstanceClass: aws.String("db.m5.large"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"), BackupRetentionPeriod: aws.Int32(backups),
	}))
}

// instances are all of both regions, in words.
func instances(w *trial) []string {
	w.T.Helper()
	all := []string{}
	for _, region := range []string{simulated.Home, simulated.Away} {
		out := must[*rds.DescribeDBInstancesOutput](w.T)(rds.NewFromConfig(w.Team(region)).DescribeDBInstances(w.T.Context(), &rds.DescribeDBInstancesInput{}))
		for _, db := range out.DBInstances {
			all = append(all, fmt.Sprintf("%s %s %s of %q, replicas %v", region, *db.DBInstanceIdentifier, *db.DBInstanceClass,
				aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier), db.ReadReplicaDBInstanceIdentifiers))
		}
	}
	return all
}

func TestStep_actsOnceAndIsTakenBackAfterAnyChange(t *testing.T) {
	simulated.Hold(t, map[string]simulated.Scenario[plan.CreateReplica]{
		"a replica in the region to return to": {Build: failback, Changes: []string{simulated.Home + ".CreateDBInstanceReadReplica"}},
		"a replica that stands by":             {Build: standingBy, Changes: []string{simulated.Home + ".CreateDBInstanceReadReplica"}},
		"a replica that somebody has made": {Build: func(t *testing.T) *trial {
			w := failback(t)
			replica(w, "orders-2")
			return w
		}},
	}, instances)
}

func replica(w *trial, source string) {
	w.T.Helper()
	must[*rds.CreateDBInstanceReadReplicaOutput](w.T)(rds.NewFromConfig(w.Team(simulated.Home)).CreateDBInstanceReadReplica(w.T.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String("orders-3"), SourceDBInstanceIdentifier: aws.String("arn:aws:rds:us-west-2:123456789012:db:" + source),
	}))
	w.Pass(2 * time.Minute) // until it has said how far it is behind
}

func TestAdvance_waitsUntilTheReplicaFollowsClosely(t *testing.T) {
	w := failback(t)
	replica(w, "orders-2")
	lag(w, 90)
	if got := must[step.Progress](t)(w.Advance()); got.Done || !strings.Contains(got.Detail, "1m30s behind") {
		t.Errorf("a minute and a half behind: %+v", got)
	}
	w.Spec.Lag = plan.Duration(2 * time.Minute)
	if got := must[step.Progress](t)(w.Advance()); !got.Done {
		t.Errorf("with two minutes allowed: %+v", got)
	}
	lag(w, -1)
	if got := must[step.Progress](t)(w.Advance()); got.Done || !strings.Contains(got.Detail, "does not run") {
		t.Errorf("stopped: %+v", got)
	}
}

// lag is what the replica says of the minute that passes.
func lag(w *trial, seconds float64) {
	w.T.Helper()
	must[*cloudwatch.PutMetricDataOutput](w.T)(cloudwatch.NewFromConfig(new(simulated.Caller).Config(w.AWS, w.Front, simulated.Home)).PutMetricData(w.T.Context(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("AWS/RDS"), MetricData: []cw.MetricDatum{{
			MetricName: aws.String("ReplicaLag"), Value: aws.Float64(seconds), Timestamp: aws.Time(w.Now()),
			Dimensions: []cw.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String("orders-3")}},
		}},
	}))
	w.Pass(time.Minute)
}

func TestAdvance_stopsForGoodWhenOnlyAPersonCanHelp(t *testing.T) {
	for name, trouble := range map[string]func(*trial){
		"an unplanned run":                func(w *trial) { w.Run.Mode = run.Unplanned },
		"no source":                       func(w *trial) { w.Spec.Source = "order-2" },
		"a source without backups":        func(w *trial) { database(w, simulated.Away, "bare", 0); w.Spec.Source = "bare" },
		"another database of that name":   func(w *trial) { database(w, simulated.Home, "orders-3", 1) },
		"a replica of something else":     func(w *trial) { database(w, simulated.Away, "stock", 1); replica(w, "stock") },
		"an encrypted source without key": func(w *trial) { encrypted(w); w.Spec.Source = "sealed" },
	} {
		w := failback(t)
		trouble(w)
		if _, err := w.Advance(); failure.ClassOf(err) != failure.Permanent || len(w.Caller.Changes) > 0 {
			t.Errorf("%s: %v after %v; want a permanent error and no change", name, err, w.Caller.Changes)
		}
	}
}

func encrypted(w *trial) {
	w.T.Helper()
	must[*rds.CreateDBInstanceOutput](w.T)(rds.NewFromConfig(w.Team(simulated.Away)).CreateDBInstance(w.T.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("sealed"), Engine: aws.String("mysql"), EngineVersion: aws.String("8.0.35"), DBInstanceClass: aws.String("db.m5.large"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"), BackupRetentionPeriod: aws.Int32(1), StorageEncrypted: aws.Bool(true),
	}))
}

func TestAdvance_waitsForANameThatIsBecomingFree(t *testing.T) {
	w := failback(t)
	database(w, simulated.Home, "orders-3", 1)
	must[*rds.DeleteDBInstanceOutput](t)(rds.NewFromConfig(new(simulated.Caller).Config(w.AWS, w.Front, simulated.Home)).DeleteDBInstance(t.Context(),
		&rds.DeleteDBInstanceInput{DBInstanceIdentifier: aws.String("orders-3"), SkipFinalSnapshot: aws.Bool(true)}))
	if got := must[step.Progress](t)(w.Advance()); got.Done || len(w.Caller.Changes) > 0 {
		t.Errorf("while another of that name is deleted: %+v after %v", got, w.Caller.Changes)
	}
	w.Settle(w.Advance)
	if len(w.Caller.Changes) != 1 {
		t.Errorf("changes %v", w.Caller.Changes)
	}
}

func TestUndo_leavesAReplicaThatWasPromotedSince(t *testing.T) {
	w := failback(t)
	w.Settle(w.Advance)
	must[*rds.PromoteReadReplicaOutput](t)(rds.NewFromConfig(w.Team(simulated.Home)).PromoteReadReplica(t.Context(), &rds.PromoteReadReplicaInput{DBInstanceIdentifier: aws.String("orders-3")}))
	before := len(w.Caller.Changes)
	if got := w.Settle(w.Undo); !strings.Contains(got.Left, "orders-3") || len(w.Caller.Changes) != before {
		t.Errorf("Undo = %+v after %v; want it left as it is", got, w.Caller.Changes[before:])
	}
}

func TestAdvance_isLeftOutInADrill(t *testing.T) {
	w := failback(t)
	w.Run.Mode, w.Run.Drill = run.Drill, &plan.Drill{Suffix: "drill"}
	got := must[step.Progress](t)(w.Advance())
	if !got.Done || !strings.Contains(got.Detail, "left out") || len(w.Caller.Changes) > 0 {
		t.Errorf("%+v after %v", got, w.Caller.Changes)
	}
}

func TestCheck_saysWhatRDSWouldRefuse(t *testing.T) {
	w := failback(t)
	if got := w.Check(); len(got) > 0 {
		t.Errorf("all is well: %q", got)
	}
	database(w, simulated.Home, "orders-3", 1)
	database(w, simulated.Away, "bare", 0)
	w.Spec = plan.CreateReplica{Source: "bare", Replica: "orders-3", Class: "db.z1000.huge", SubnetGroup: "gone", ParameterGroup: "gone"}
	got := strings.Join(w.Check(), "\n")
	for _, want := range []string{"backups of bare are off", "is no replica of bare", "does not offer db.z1000.huge", "no subnet group gone", "no parameter group gone"} {
		if !strings.Contains(got, want) {
			t.Errorf("Check does not say %q:\n%s", want, got)
		}
	}
	for n := range 40 {
		database(w, simulated.Home, fmt.Sprintf("other-%d", n), 0)
	}
	w.Spec = plan.CreateReplica{Source: "orders-2", Replica: "orders-4"}
	if got := w.Check(); len(got) != 1 || !strings.Contains(got[0], "quota") {
		t.Errorf("a full region: %q", got)
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
