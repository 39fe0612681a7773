package promotedatabase

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var (
	aRun  = step.Run{Plan: "storefront", ID: "storefront-1", Step: "orders", Primary: "us-east-1", Recovery: "us-west-2"}
	aSpec = plan.PromoteDatabase{Replica: "orders-replica", Class: "db.r6g.large", MultiAZ: true}
)

var errCrash = errors.New("the function died after the call")

// region is the RDS of the recovery region with one database. A change takes
// until the next tick.
type region struct {
	api     // what the tests do not need ends them
	t       *testing.T
	db      *types.DBInstance // nil: there is none
	changes []string
	crashAt int // the change after which the caller dies; 0: never
	then    []func()
	lag     bool // a change shows in the status only from the next tick on
	racing  bool // another change has just begun, and no look shows it yet
}

func replica(t *testing.T) *region {
	return &region{t: t, db: &types.DBInstance{
		DBInstanceIdentifier:                  aws.String("orders-replica"),
		DBInstanceStatus:                      aws.String(available),
		DBInstanceClass:                       aws.String("db.t4g.small"),
		MultiAZ:                               aws.Bool(false),
		BackupRetentionPeriod:                 aws.Int32(0),
		ReadReplicaSourceDBInstanceIdentifier: aws.String("arn:aws:rds:us-east-1:123456789012:db:orders"),
		Endpoint:                              &types.Endpoint{Address: aws.String("orders-replica.us-west-2.example"), Port: aws.Int32(3306)},
	}}
}

func (w *region) DescribeDBInstances(_ context.Context, in *rds.DescribeDBInstancesInput, _ ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	if w.db == nil || aws.ToString(in.DBInstanceIdentifier) != *w.db.DBInstanceIdentifier {
		return nil, &types.DBInstanceNotFoundFault{}
	}
	return &rds.DescribeDBInstancesOutput{DBInstances: []types.DBInstance{*w.db}}, nil
}

// AddTagsToResource is no change of the database itself.
func (w *region) AddTagsToResource(_ context.Context, in *rds.AddTagsToResourceInput, _ ...func(*rds.Options)) (*rds.AddTagsToResourceOutput, error) {
	w.db.TagList = append(w.db.TagList, in.Tags...)
	return &rds.AddTagsToResourceOutput{}, nil
}

func (w *region) PromoteReadReplica(_ context.Context, in *rds.PromoteReadReplicaInput, _ ...func(*rds.Options)) (*rds.PromoteReadReplicaOutput, error) {
	if w.db.ReadReplicaSourceDBInstanceIdentifier == nil {
		w.t.Errorf("promoted %s, which is no replica", *in.DBInstanceIdentifier)
	}
	return &rds.PromoteReadReplicaOutput{}, w.change(fmt.Sprintf("promote, backups %d", aws.ToInt32(in.BackupRetentionPeriod)), func() {
		w.db.ReadReplicaSourceDBInstanceIdentifier = nil
		w.db.BackupRetentionPeriod = in.BackupRetentionPeriod
	})
}

func (w *region) ModifyDBInstance(_ context.Context, in *rds.ModifyDBInstanceInput, _ ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error) {
	if !aws.ToBool(in.ApplyImmediately) {
		w.t.Error("modified for the next maintenance window")
	}
	w.db.PendingModifiedValues = &types.PendingModifiedValues{DBInstanceClass: in.DBInstanceClass, MultiAZ: in.MultiAZ}
	return &rds.ModifyDBInstanceOutput{}, w.change(fmt.Sprintf("modify to %s, Multi-AZ %t", aws.ToString(in.DBInstanceClass), aws.ToBool(in.MultiAZ)), func() {
		w.db.PendingModifiedValues = nil
		if in.DBInstanceClass != nil {
			w.db.DBInstanceClass = in.DBInstanceClass
		}
		if in.MultiAZ != nil {
			w.db.MultiAZ = in.MultiAZ
		}
	})
}

func (w *region) change(what string, effect func()) error {
	if *w.db.DBInstanceStatus != available || w.racing {
		return &types.InvalidDBInstanceStateFault{}
	}
	w.changes = append(w.changes, what)
	w.then = append(w.then, effect)
	if !w.lag {
		w.db.DBInstanceStatus = aws.String("modifying")
	}
	if len(w.changes) == w.crashAt {
		return errCrash
	}
	return nil
}

func kind(w *region) *Kind { return &Kind{rds: w, region: "us-west-2"} }

// tick completes what goes on.
func (w *region) tick() {
	w.racing = false
	for _, effect := range w.then {
		effect()
	}
	w.then = nil
	w.db.DBInstanceStatus = aws.String(available)
}

// settle looks, as the state machine does, until the step is done; each look is
// that of a new process, and a look that died is followed by another.
func (w *region) settle(spec plan.PromoteDatabase) step.Progress {
	w.t.Helper()
	for range 10 {
		progress, err := kind(w).Advance(w.t.Context(), aRun, spec)
		if err != nil && !errors.Is(err, errCrash) {
			w.t.Fatal(err)
		}
		if progress.Done {
			return progress
		}
		w.tick()
	}
	w.t.Fatal("not done after ten looks")
	return step.Progress{}
}

var changes = []string{"promote, backups 1", "modify to db.r6g.large, Multi-AZ true"}

func TestAdvance_promotesThenChangesClassAndZones(t *testing.T) {
	w := replica(t)
	got := w.settle(aSpec)
	want := map[string]string{"endpoint": "orders-replica.us-west-2.example", "port": "3306", "measured": "promotion"}
	if diff := cmp.Diff(want, got.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(changes, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_changesNothingOnceDone(t *testing.T) {
	w := replica(t)
	w.settle(aSpec)
	before := len(w.changes)
	w.settle(aSpec)
	w.settle(aSpec)
	if len(w.changes) != before {
		t.Errorf("changed again: %v", w.changes[before:])
	}
}

func TestAdvance_asksOnceWhileAChangeIsNotVisibleYet(t *testing.T) {
	w := replica(t)
	w.db.ReadReplicaSourceDBInstanceIdentifier = nil
	w.lag = true
	for range 3 {
		if _, err := kind(w).Advance(t.Context(), aRun, aSpec); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(changes[1:], w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_endsTheSameAfterACrashAtAnyChange(t *testing.T) {
	for crash := 1; crash <= len(changes); crash++ {
		w := replica(t)
		w.crashAt = crash
		w.settle(aSpec)
		if diff := cmp.Diff(changes, w.changes); diff != "" {
			t.Errorf("crash at change %d (-want +got):\n%s", crash, diff)
		}
	}
}

func TestAdvance_keepsWhatThePlanLeavesOut(t *testing.T) {
	w := replica(t)
	w.db.BackupRetentionPeriod = aws.Int32(7)
	w.db.MultiAZ = aws.Bool(true)
	w.settle(plan.PromoteDatabase{Replica: "orders-replica"})
	if diff := cmp.Diff([]string{"promote, backups 7"}, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_looksAgainWhenItLosesARace(t *testing.T) {
	for name, trouble := range map[string]func(*region){
		"the replica is backing up":     func(w *region) { w.db.DBInstanceStatus = aws.String("backing-up") },
		"a change began after the look": func(w *region) { w.racing = true },
	} {
		w := replica(t)
		trouble(w)
		got, err := kind(w).Advance(t.Context(), aRun, aSpec)
		if err != nil || got.Done || len(w.changes) > 0 {
			t.Errorf("%s: Advance = %+v, %v with changes %v; want pending and none", name, got, err, w.changes)
		}
		w.settle(aSpec)
	}
}

func TestAdvance_countsADatabaseAsUpDuringItsFirstBackup(t *testing.T) {
	w := replica(t)
	w.settle(aSpec)
	w.db.DBInstanceStatus = aws.String("backing-up")
	got, err := kind(w).Advance(t.Context(), aRun, aSpec)
	if err != nil || !got.Done {
		t.Errorf("Advance = %+v, %v; want done", got, err)
	}
}

func TestAdvance_stopsForGoodWhenOnlyAPersonCanHelp(t *testing.T) {
	worlds := map[string]*region{"no such database": {t: t}}
	for _, status := range []string{"failed", "incompatible-network", "storage-full", "inaccessible-encryption-credentials"} {
		w := replica(t)
		w.db.DBInstanceStatus = aws.String(status)
		worlds[status] = w
	}
	for name, w := range worlds {
		_, err := kind(w).Advance(t.Context(), aRun, aSpec)
		if failure.ClassOf(err) != failure.Permanent || len(w.changes) > 0 {
			t.Errorf("%s: Advance = %v with changes %v; want a permanent error and none", name, err, w.changes)
		}
	}
}
