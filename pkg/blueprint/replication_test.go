package blueprint_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Buckets and tables belong to the team: what watches them may not change them.
func TestGrants_ofWhatWatchesReplicationOnlyReadWhatThePlanNames(t *testing.T) {
	every := plan.Duration(15 * time.Minute)
	b, err := blueprint.Compile(&plan.Plan{
		Name: "storefront", Primary: "us-east-1", Recovery: "us-west-2",
		Protect: []plan.Policy{
			{Name: "uploads", Bucket: &plan.Bucket{Name: "up", Replica: "up-there"}, Every: every, RPO: every},
			{Name: "carts", Table: &plan.Table{Name: "carts"}, Every: every, RPO: every},
		},
		Recover: []plan.Step{{ID: "verify", Kind: plan.KindVerify, Spec: &plan.Verify{URL: "https://dr.example.com"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	watch := slices.IndexFunc(b.Functions, func(f blueprint.Function) bool { return f.Name == "watch-replication" })
	if watch < 0 {
		t.Fatalf("nothing watches them: %+v", b.Functions)
	}
	var named []string
	for _, g := range b.Functions[watch].Grants {
		for _, action := range g.Actions {
			service, verb, _ := strings.Cut(action, ":")
			if service == "sqs" { // messages of its own queue
				continue
			}
			if !slices.ContainsFunc([]string{"Get", "Describe", "List"}, func(read string) bool { return strings.HasPrefix(verb, read) }) {
				t.Errorf("it may %s", action)
			}
		}
		named = append(named, g.Resources...)
	}
	for _, want := range []string{
		"arn:${Partition}:s3:::up", "arn:${Partition}:s3:::up-there",
		"arn:${Partition}:dynamodb:us-east-1:${Account}:table/carts", "arn:${Partition}:dynamodb:us-west-2:${Account}:table/carts",
	} {
		if !slices.Contains(named, want) {
			t.Errorf("it may not read %s: %q", want, named)
		}
	}
	if len(b.Schedules) != 5 || len(b.Rules)+len(b.Forwards) != 0 {
		t.Errorf("want a schedule a policy, the ages', decide's and the step's check, and no rule, as nothing sends it events: %+v, %+v, %+v", b.Schedules, b.Rules, b.Forwards)
	}
}
