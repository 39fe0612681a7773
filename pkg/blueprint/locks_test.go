package blueprint_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// lockGrants are what rotate-snapshots may do about locks.
func lockGrants(t *testing.T, locks ...*plan.Lock) (grants []blueprint.Grant) {
	t.Helper()
	p := &plan.Plan{Name: "storefront", Primary: "us-east-1", Recovery: "us-west-2",
		Recover: []plan.Step{{ID: "verify", Kind: plan.KindVerify, Spec: &plan.Verify{URL: "https://dr.example.com"}}}}
	for i, lock := range locks {
		p.Protect = append(p.Protect, plan.Policy{
			Name: "data-" + string(rune('a'+i)), Volumes: &plan.Selector{Tags: map[string]string{"tier": "data"}},
			Every: plan.Duration(time.Hour), RPO: plan.Duration(time.Hour), Lock: lock,
		})
	}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range b.Functions {
		for _, g := range f.Grants {
			if slices.ContainsFunc(g.Actions, func(action string) bool { return strings.Contains(strings.ToLower(action), "lock") }) {
				grants = append(grants, g)
			}
		}
	}
	return grants
}

func TestGrants_ofALockAreForThePlansOwnCopiesAndNoLongerThanItSays(t *testing.T) {
	days := func(n int) *plan.Lock {
		return &plan.Lock{Mode: plan.Compliance, For: plan.Duration(n) * plan.Duration(24*time.Hour)}
	}
	if got := lockGrants(t, nil, nil); got != nil {
		t.Errorf("a plan without a lock is granted %+v", got)
	}
	seen := map[string]bool{}
	for _, g := range lockGrants(t, days(7), nil, days(30)) {
		seen[g.Actions[0]+" "+g.Regions[0]] = true
		want := map[string]map[string]string{
			"StringEquals":          {"aws:ResourceTag/pilotlight:plan": "storefront"},
			"NumericLessThanEquals": {"ec2:SnapshotLockDuration": "30"},
		}
		if g.Actions[0] == "ec2:DescribeLockedSnapshots" {
			want = nil
		}
		if diff := cmp.Diff(want, g.Condition); diff != "" {
			t.Errorf("condition of %v (-want +got):\n%s", g.Actions, diff)
		}
	}
	// Copies go either way, before a failover and after it.
	for _, want := range []string{"ec2:LockSnapshot us-west-2", "ec2:DescribeLockedSnapshots us-west-2", "ec2:LockSnapshot us-east-1", "ec2:DescribeLockedSnapshots us-east-1"} {
		if !seen[want] {
			t.Errorf("not granted: %s", want)
		}
	}
}
