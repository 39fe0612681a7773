package promotedatabase

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

func TestCheck_saysWhatWouldStopThePromotion(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(*world)
		want    []string // one a problem
	}{
		"all is well":            {func(*world) {}, nil},
		"no replica":             {func(w *world) { w.Spec.Replica = "order-replica" }, []string{"no replica order-replica"}},
		"promoted by somebody":   {promoted, []string{"no replica any more"}},
		"a class nobody offers":  {func(w *world) { w.Spec.Class = "db.z1000.huge" }, []string{"does not offer db.z1000.huge"}},
		"replication has ended":  {func(w *world) { w.lag(-1) }, []string{"has stopped"}},
		"further behind than ok": {func(w *world) { w.lag(7200); w.Spec.RPO = plan.Duration(time.Hour) }, []string{"more than the RPO of 1h"}},
	} {
		w := following(t)
		w.Pass(2 * time.Minute)
		c.trouble(w)
		problemsAre(t, name, w, c.want)
	}
}

func TestCheck_saysThatNobodyKnowsHowFarBehindAReplicaIs(t *testing.T) {
	w := following(t) // for less than a minute, so that it has sent nothing
	problemsAre(t, "a silent replica", w, []string{"has sent no ReplicaLag in 15m: nobody knows how far behind it is"})
}

func promoted(w *world) {
	must[*rds.PromoteReadReplicaOutput](w.t)(w.team(away).PromoteReadReplica(w.t.Context(), &rds.PromoteReadReplicaInput{DBInstanceIdentifier: aws.String("orders-replica")}))
}

func TestCheck_saysWhatWouldStopTheRestore(t *testing.T) {
	for name, c := range map[string]struct {
		build   func(*testing.T) *world
		trouble func(*world)
		want    []string
	}{
		"a snapshot":           {pinned, func(*world) {}, nil},
		"backups":              {replicated, func(*world) {}, nil},
		"a cluster":            {clustered, func(*world) {}, nil},
		"no point":             {pinned, func(w *world) { w.Spec.Points = "other" }, []string{"has nothing in us-west-2 to restore from"}},
		"no backups":           {replicated, func(w *world) { w.Spec.Database.Instance = "stock" }, []string{"has nothing in us-west-2 to restore from"}},
		"a name that is taken": {pinned, func(w *world) { w.Settle(w.Advance); w.Caller.Changes = nil }, []string{"a database orders-2 in us-west-2 already"}},
		"groups that are gone": {pinned, func(w *world) { w.Spec.SubnetGroup, w.Spec.ParameterGroup, w.Spec.OptionGroup = "a", "b", "c" },
			[]string{"no subnet group a", "no parameter group b", "no option group c"}},
		"a cluster without a class": {clustered, func(w *world) { w.Spec.Class = "" }, []string{"write \"class\""}},
		"a region that is full":     {pinned, full, []string{"have the quota raised"}},
	} {
		w := c.build(t)
		c.trouble(w)
		problemsAre(t, name, w, c.want)
	}
}

func full(w *world) {
	for n := range 40 {
		must[*rds.CreateDBInstanceOutput](w.t)(w.team(away).CreateDBInstance(w.t.Context(), &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: aws.String(fmt.Sprintf("other-%d", n)), Engine: aws.String("mysql"), DBInstanceClass: aws.String("db.t4g.small"),
			AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"),
		}))
	}
}

func problemsAre(t *testing.T, name string, w *world, want []string) {
	t.Helper()
	got := w.Check()
	if len(got) != len(want) || len(w.Caller.Changes) > 0 {
		t.Errorf("%s: problems %q after changes %v; want %d", name, got, w.Caller.Changes, len(want))
		return
	}
	for i, part := range want {
		if !strings.Contains(got[i], part) {
			t.Errorf("%s: %q does not say %q", name, got[i], part)
		}
	}
}
