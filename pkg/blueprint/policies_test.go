package blueprint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func TestPolicies_holdEveryGrantOnce(t *testing.T) {
	var grants []blueprint.Grant
	for i := range 300 {
		grants = append(grants, blueprint.Grant{Actions: []string{fmt.Sprintf("ec2:Do%d", i)}, Resources: []string{strings.Repeat("r", i)}})
		var held []blueprint.Grant
		policies := blueprint.Policies(grants)
		for _, policy := range policies {
			held = append(held, policy...)
		}
		slices.SortFunc(held, func(a, b blueprint.Grant) int { return len(a.Resources[0]) - len(b.Resources[0]) })
		if diff := cmp.Diff(grants, held); diff != "" {
			t.Fatalf("(-grants +policies):\n%s", diff)
		}
		if i < 20 && len(policies) > 1 {
			t.Fatalf("%d small grants take %d policies", i, len(policies))
		}
	}
}

func TestCompile_refusesARoleThatIAMHasNoRoomFor(t *testing.T) {
	big := &plan.Plan{Name: "crowd", Primary: "us-east-1", Recovery: "us-west-2",
		Recover: []plan.Step{{ID: "verify", Kind: plan.KindVerify, Spec: &plan.Verify{URL: "https://dr.example.com"}}}}
	every := plan.Duration(1 << 40)
	for i := range 400 {
		big.Protect = append(big.Protect, plan.Policy{Name: fmt.Sprint("p", i), Every: every, RPO: every,
			Snapshots: &plan.Selector{Tags: map[string]string{"made-by": fmt.Sprint("gateway-", i)}}})
	}
	_, err := blueprint.Compile(big)
	if err == nil || !strings.Contains(err.Error(), "pilotlight-crowd-rotate-snapshots") {
		t.Errorf("error %v does not name the role", err)
	}
	big.Protect = big.Protect[:60]
	if _, err := blueprint.Compile(big); err != nil {
		t.Error(err)
	}
}
