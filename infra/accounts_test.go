package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each stack names its account, so that a deployment with the wrong credentials
// stops before it makes anything.
func TestAccounts_eachStackIsInItsOwn(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		want := "unknown-account"
		if a := s.blueprint.Accounts; a != nil {
			want = map[string]string{"primary": a.Primary, "recovery": a.Recovery, "traffic": a.Recovery, "vantage": a.Recovery}[s.role]
		}
		if s.account != want {
			t.Errorf("in account %s, want %s", s.account, want)
		}
	})
}

func TestAccounts_theSourceRoleIsTheBlueprints(t *testing.T) {
	found := 0
	forEvery(t, func(t *testing.T, s stack) {
		if s.blueprint.Source == nil {
			return
		}
		for id, r := range s.ofType("AWS::IAM::Role") {
			if s.nameOf(id) != s.blueprint.Source.Name {
				continue
			}
			found++
			if got, want := asJSON(t, r.Properties["AssumeRolePolicyDocument"]), asJSON(t, s.blueprint.Source.Trust()); got != want {
				t.Errorf("trusts %s\nwant %s", got, want)
			}
			var got, want []string
			for _, p := range s.permits(t)[s.blueprint.Source.Name] {
				got = append(got, p.text())
			}
			for _, grant := range s.blueprint.Source.Grants {
				want = append(want, granted(grant).text())
			}
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
				t.Errorf("(-grants +role):\n%s", diff)
			}
		}
	}, "primary")
	if found != 2 {
		t.Errorf("%d source roles, want one of each plan of two accounts", found)
	}
}

// Events of the primary account reach the recovery bus only when its policy admits
// them.
func TestAccounts_theRecoveryBusAdmitsThePrimaryOne(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		admits := s.ofType("AWS::Events::EventBusPolicy")
		if s.blueprint.Accounts == nil {
			if len(admits) > 0 {
				t.Errorf("admits somebody: %v", admits)
			}
			return
		}
		policy := asJSON(t, s.only(t, "AWS::Events::EventBusPolicy").Properties["Statement"])
		if !strings.Contains(policy, s.blueprint.Accounts.Primary) || !strings.Contains(policy, "events:PutEvents") {
			t.Errorf("admits %s", policy)
		}
	}, "recovery")
}
