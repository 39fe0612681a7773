package main

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

var update = flag.Bool("update", false, "write the golden file anew")

// The golden file is for reviewers: a change of what a role may do shows there
// as what it means, and not as the code that made it.
func TestIAM_isWhatWasReviewed(t *testing.T) {
	const file = "testdata/iam.golden.json"
	roles := map[string]map[string][]permit{}
	for _, s := range stacks {
		if s.blueprint.Plan == "storefront" && len(s.ofType("AWS::IAM::Role")) > 0 {
			roles[s.name] = s.permits(t)
		}
	}
	got, err := json.MarshalIndent(roles, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; accept with -update):\n%s", file, diff)
	}
}

func TestIAM_namesEveryActionInFull(t *testing.T) {
	forEveryPermit(t, func(t *testing.T, _ stack, role string, p permit) {
		for _, action := range p.Actions {
			if strings.Contains(action, "*") {
				t.Errorf("%s may do %s", role, action)
			}
		}
	})
}

func TestIAM_allowsEveryResourceOnlyWithAReason(t *testing.T) {
	forEveryPermit(t, func(t *testing.T, s stack, role string, p permit) {
		if !slices.Contains(p.Resources, "*") {
			return
		}
		for _, grant := range grantsOf(s.blueprint, role) {
			if granted(grant).text() == p.text() && grant.Because != "" {
				return
			}
		}
		t.Errorf("%s may %v on every resource, and no grant says why", role, p.Actions)
	})
}

// What the rehearsal holds its audit of calls against is the grants, so they
// must be what is deployed: no statement less, and only the log's more.
func TestIAM_givesEveryFunctionItsGrantsAndItsLog(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		roles := s.permits(t)
		for _, function := range s.blueprint.Functions {
			log := "${/pilotlight/" + s.blueprint.Plan + "/" + function.Name + ".Arn}"
			want := []string{permit{Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{log}}.text()}
			for _, grant := range function.Grants {
				want = append(want, granted(grant).text())
			}
			var got []string
			for _, p := range roles[function.Deployed] {
				got = append(got, p.text())
			}
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
				t.Errorf("%s (-grants +role):\n%s", function.Deployed, diff)
			}
		}
	}, "recovery", "vantage")
}

// Only protection, who looks at it, and who fences is allowed into the primary region,
// and what goes back there: everything else must do without.
func TestIAM_keepsFunctionsInTheRegionsOfThePlan(t *testing.T) {
	there := []string{"rotate-snapshots", "refresh-images", "protect-databases", "watch-replication", "publish-ages", "open-run", "fence", "keep-fence"}
	forEveryPermit(t, func(t *testing.T, s stack, role string, p permit) {
		function := functionOf(s.blueprint, role)
		if function == nil || p.service() == "logs" { // one log group, by its ARN
			return
		}
		if p.service() == "iam" { // global; PassRole is no call of its own
			to := map[string]string{"launch-instances": "ec2", "create-stack": "cloudformation"}[function.Name]
			if !slices.Equal(p.Conditions, []string{"StringEquals iam:PassedToService " + to + ".amazonaws.com"}) {
				t.Errorf("%s may hand a role to a service that it needs not: %v", role, p.Conditions)
			}
			return
		}
		if slices.Contains([]string{"route53", "route53-recovery-cluster"}, p.service()) { // of no region
			if slices.Contains(p.Resources, "*") {
				t.Errorf("%s may %v on everything", role, p.Actions)
			}
			return
		}
		if function.Name == "decide-failover" && p.service() == "cloudwatch" {
			for _, action := range p.Actions { // of alarms, which are wherever the plan says
				if !strings.HasPrefix(action, "cloudwatch:DescribeAlarm") || len(p.regions()) == 0 {
					t.Errorf("%s may %s in %v", role, action, p.regions())
				}
			}
			return
		}
		allowed := []string{s.blueprint.Recovery}
		if slices.Contains(there, function.Name) || goesBack(s.blueprint, function.Name) {
			allowed = append(allowed, s.blueprint.Primary, next(t, s.blueprint))
		}
		regions := p.regions()
		if len(regions) == 0 {
			t.Errorf("%s may %v in every region", role, p.Actions)
		}
		for _, region := range regions {
			if !slices.Contains(allowed, region) {
				t.Errorf("%s may %v in %s", role, p.Actions, region)
			}
		}
	})
}

// goesBack says whether a course that acts in the primary region invokes a function.
func goesBack(b *blueprint.Blueprint, function string) bool {
	return slices.ContainsFunc(b.Machines, func(m blueprint.Machine) bool {
		return m.Course != plan.CourseRecover && strings.Contains(m.Definition, workflow.Token(function))
	})
}

// next is the plan's third region, as its policies are sent it; empty: it has none.
func next(t *testing.T, b *blueprint.Blueprint) string {
	t.Helper()
	var input struct{ Next string }
	if err := json.Unmarshal([]byte(b.Schedules[0].Input), &input); err != nil {
		t.Fatal(err)
	}
	return input.Next
}

func TestIAM_givesEveryFunctionARoleOfItsOwn(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		user := map[string]string{}
		for id, function := range s.ofType("AWS::Lambda::Function") {
			role := s.render(function.Properties["Role"])
			if user[role] != "" {
				t.Errorf("%s and %s share %s", user[role], s.nameOf(id), role)
			}
			user[role] = s.nameOf(id)
			if want := "${" + s.nameOf(id) + ".Arn}"; role != want {
				t.Errorf("%s has role %s, want the one that is called as it is", s.nameOf(id), role)
			}
		}
	})
}

// The CDK adds policies beside the roles when a construct grants something; all
// that a role may do must stand in the role or in a policy that the role names,
// where the other tests read it.
func TestIAM_hasNoPolicyBesideTheRoles(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		for id, r := range s.Resources {
			if strings.HasPrefix(r.Type, "AWS::IAM::") && r.Type != "AWS::IAM::Role" && r.Type != "AWS::IAM::ManagedPolicy" {
				t.Errorf("%s is a %s", id, r.Type)
			}
			for _, to := range []string{"Roles", "Users", "Groups"} {
				if r.Type == "AWS::IAM::ManagedPolicy" && r.Properties[to] != nil {
					t.Errorf("%s attaches itself to %v", id, r.Properties[to])
				}
			}
		}
	})
}

func TestIAM_letsNobodyInvokeAFunctionButOneRule(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		for id, p := range s.ofType("AWS::Lambda::Permission") {
			rule := s.render(p.Properties["SourceArn"])
			if p.Properties["Principal"] != "events.amazonaws.com" || !strings.HasSuffix(rule, ".Arn}") {
				t.Errorf("%s lets %v invoke on behalf of %s", id, p.Properties["Principal"], rule)
			}
		}
	})
}

// Whoever answers runs has a permission of their own: the function's address takes
// signed requests alone, and the stack lets nobody in.
func TestIAM_letsNobodyAnswerRunsWithoutASignature(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		url := s.only(t, "AWS::Lambda::Url").Properties
		function := "${pilotlight-" + s.blueprint.Plan + "-" + blueprint.AnswerRun + ".Arn}"
		if url["AuthType"] != "AWS_IAM" || s.render(url["TargetFunctionArn"]) != function {
			t.Errorf("%v with authorization %v, want AWS_IAM for %s", s.render(url["TargetFunctionArn"]), url["AuthType"], function)
		}
		if len(s.Outputs) != 1 || s.Outputs["AnswerRunUrl"] == nil {
			t.Errorf("the outputs are %v, want the address alone", s.Outputs)
		}
	}, "recovery")
	forEveryPermit(t, func(t *testing.T, _ stack, role string, p permit) {
		if slices.Contains(p.Actions, "lambda:InvokeFunctionUrl") {
			t.Errorf("%s may speak as a person: %v", role, p.Resources)
		}
	})
}
