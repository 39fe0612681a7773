package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/workflow"
)

func TestFunctions_areTheBlueprints(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]any{}, map[string]any{}
		for id, f := range s.ofType("AWS::Lambda::Function") {
			got[s.nameOf(id)] = f.Properties["Timeout"]
		}
		for _, f := range s.blueprint.Functions {
			want[f.Deployed] = f.Timeout.Seconds()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("functions and their timeouts in seconds (-blueprint +template):\n%s", diff)
		}
	}, "recovery", "vantage")
}

func TestFunctions_runOnGraviton(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		for id, f := range s.ofType("AWS::Lambda::Function") {
			if got := fmt.Sprint(f.Properties["Architectures"], " ", f.Properties["Runtime"]); got != "[arm64] provided.al2023" {
				t.Errorf("%s runs on %s", s.nameOf(id), got)
			}
		}
	})
}

func TestFunctions_logToAGroupThatForgets(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		for id, f := range s.ofType("AWS::Lambda::Function") {
			logging, _ := f.Properties["LoggingConfig"].(map[string]any)
			group, _ := logging["LogGroup"].(map[string]any)
			ref, _ := group["Ref"].(string)
			if log := s.Resources[ref]; log.Type != "AWS::Logs::LogGroup" || log.Properties["RetentionInDays"] == nil {
				t.Errorf("%s logs to %v, which is kept for ever or is not the stack's", s.nameOf(id), group)
			}
		}
	})
}

func TestMachine_isTheCompiledDefinitionByteForByte(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]any{}, map[string]any{}
		for _, machine := range s.ofType("AWS::StepFunctions::StateMachine") {
			got[machine.Properties["StateMachineName"].(string)] = machine.Properties["DefinitionString"]
		}
		for _, machine := range s.blueprint.Machines {
			want[machine.Name] = machine.Definition
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("machines and their definitions (-blueprint +template):\n%s", diff)
		}
	}, "recovery")
}

// A function that is not called by version would change under a running machine.
func TestMachine_callsPublishedVersionsThatAreKept(t *testing.T) {
	token := regexp.MustCompile(`\$\{([A-Za-z0-9]+)\}`)
	forEvery(t, func(t *testing.T, s stack) {
		for _, machine := range s.ofType("AWS::StepFunctions::StateMachine") {
			definition := machine.Properties["DefinitionString"].(string)
			got, want := map[string]string{}, map[string]string{}
			substitutions, _ := machine.Properties["DefinitionSubstitutions"].(map[string]any)
			for name, value := range substitutions {
				got[name] = s.render(value)
			}
			called := map[string]bool{}
			for _, match := range token.FindAllStringSubmatch(definition, -1) {
				called[match[1]] = true
			}
			var versions []string
			for _, f := range s.blueprint.Functions {
				if name := workflow.TokenName(f.Name); called[name] {
					want[name] = "${" + f.Deployed + ":version}"
					versions = append(versions, want[name])
					delete(called, name)
				}
			}
			if len(called) > 0 {
				t.Errorf("no function stands behind %v", called)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("substitutions (-want +got):\n%s", diff)
			}
			may := s.permits(t)[roleOf(s.render(machine.Properties["RoleArn"]))]
			if want := []permit{{Actions: []string{"lambda:InvokeFunction"}, Resources: versions}}; !cmp.Equal(want, may) {
				t.Errorf("the role of %v may do more or less than invoke its versions (-want +got):\n%s", machine.Properties["StateMachineName"], cmp.Diff(want, may))
			}
		}
		for id, version := range s.ofType("AWS::Lambda::Version") {
			if !version.retained() {
				t.Errorf("the next deploy deletes %s, which a run in flight may call", id)
			}
		}
	}, "recovery")
}

func TestSchedules_carryTheBlueprintsInputs(t *testing.T) {
	type schedule struct{ Rate, Target, Input string }
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]schedule{}, map[string]schedule{}
		for id, r := range s.ofType("AWS::Scheduler::Schedule") {
			target := r.Properties["Target"].(map[string]any)
			got[s.nameOf(id)] = schedule{s.render(r.Properties["ScheduleExpression"]), s.render(target["Arn"]), s.render(target["Input"])}
		}
		for _, b := range s.blueprint.Schedules {
			rate := fmt.Sprintf("rate(%v minutes)", b.Every.Minutes())
			want[b.Name] = schedule{rate, s.targetOf(b.Function), b.Input}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery", "vantage")
}

// maxTemplate is how long an input template may be, in characters.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
const maxTemplate = 8192

func TestRules_carryTheBlueprintsPatternsAndTemplates(t *testing.T) {
	type rule struct{ Pattern, Target, Paths, Template string }
	forEvery(t, func(t *testing.T, s stack) {
		got, want, invoking := map[string]rule{}, map[string]rule{}, 0
		for id, r := range s.ofType("AWS::Events::Rule") {
			targets := r.Properties["Targets"].([]any)
			target := targets[0].(map[string]any)
			transformer := target["InputTransformer"].(map[string]any)
			got[s.nameOf(id)] = rule{asJSON(t, r.Properties["EventPattern"]), s.render(target["Arn"]),
				asJSON(t, transformer["InputPathsMap"]), s.render(transformer["InputTemplate"])}
			if len(targets) != 1 {
				t.Errorf("%s has %d targets", s.nameOf(id), len(targets))
			}
		}
		for _, b := range s.blueprint.Rules {
			want[b.Name] = rule{asJSON(t, b.Pattern), s.targetOf(b.Function), `{"event":"$"}`, b.Input}
			if s.blueprint.QueueOf(b.Function) == nil {
				invoking++
			}
			if len(b.Input) > maxTemplate {
				t.Errorf("the template of %s has %d characters", b.Name, len(b.Input))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
		if permissions := len(s.ofType("AWS::Lambda::Permission")); invoking != permissions {
			t.Errorf("%d rules that invoke, and %d permissions to", invoking, permissions)
		}
	}, "recovery")
}

func TestLedger_outlivesItsStackAndCanBeWoundBack(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		ledger := s.only(t, "AWS::DynamoDB::Table")
		if !ledger.retained() {
			t.Error("is deleted or replaced with the stack")
		}
		if ledger.Properties["DeletionProtectionEnabled"] != true {
			t.Error("can be deleted by hand")
		}
		recovery, _ := ledger.Properties["PointInTimeRecoverySpecification"].(map[string]any)
		if recovery["PointInTimeRecoveryEnabled"] != true {
			t.Error("cannot be wound back to an earlier moment")
		}
		if got := ledger.Properties["TableName"]; got != s.blueprint.Table {
			t.Errorf("named %v, and the functions look for %s", got, s.blueprint.Table)
		}
	}, "recovery")
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
func TestTemplates_areWithinWhatCloudFormationTakes(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		if s.size > 1<<20 || len(s.Resources) > 500 {
			t.Errorf("%d characters and %d resources, and CloudFormation takes 1 MiB and 500", s.size, len(s.Resources))
		}
	})
}

// roleOf is the name of a role in the ARN that a template has of it.
func roleOf(arn string) string { return strings.TrimSuffix(strings.TrimPrefix(arn, "${"), ".Arn}") }

// targetOf is where what is meant for a function must be sent.
func (s stack) targetOf(function string) string {
	if queue := s.blueprint.QueueOf(function); queue != nil {
		return "${" + queue.Name + ":queue.Arn}"
	}
	for _, f := range s.blueprint.Functions {
		if f.Name == function {
			return "${" + f.Deployed + ".Arn}"
		}
	}
	return "no function " + function
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
