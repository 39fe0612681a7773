package blueprint_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/inputs"
	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

func TestCompile_isDeterministic(t *testing.T) {
	for name, p := range plans(t) {
		first, err := blueprint.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			again, err := blueprint.Compile(p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, again); diff != "" {
				t.Fatalf("%s compiles in two ways:\n%s", name, diff)
			}
		}
	}
}

func TestCompile_ofABarePlanHasWhatARunNeedsAndNoMore(t *testing.T) {
	b, err := blueprint.Compile(plans(t)["bare"])
	if err != nil {
		t.Fatal(err)
	}
	var functions, schedules []string
	for _, f := range b.Functions {
		functions = append(functions, f.Name)
	}
	for _, s := range b.Schedules {
		schedules = append(schedules, s.Name)
	}
	if diff := cmp.Diff([]string{"decide-failover", "open-run", "hold-step", "close-run", "answer-run", "set-parameter"}, functions); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"pilotlight-bare-decide", "pilotlight-bare-check-set-parameter"}, schedules); diff != "" {
		t.Errorf("schedules (-want +got):\n%s", diff)
	}
	if b.Traffic != nil || len(b.Rules) != 0 || len(b.Forwards) != 0 {
		t.Errorf("traffic %v, rules %v, forwards %v; want none", b.Traffic, b.Rules, b.Forwards)
	}
}

func TestFunctions_haveAFolderAPurposeAndAName(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		seen := map[string]bool{}
		for _, f := range b.Functions {
			if seen[f.Name] {
				t.Errorf("%s is deployed twice", f.Name)
			}
			seen[f.Name] = true
			if _, err := os.Stat(repository.Path(t, "functions", f.Name, "main.go")); err != nil {
				t.Error(err)
			}
			if !strings.HasSuffix(f.Purpose, ".") || len(f.Purpose) > 256 { // Lambda's longest description
				t.Errorf("%s has the purpose %q", f.Name, f.Purpose)
			}
			if f.Timeout <= 0 || f.MemoryMiB < 128 {
				t.Errorf("%s has %s and %d MiB", f.Name, f.Timeout, f.MemoryMiB)
			}
		}
		for _, s := range b.Schedules {
			if !seen[s.Function] || s.Every <= 0 {
				t.Errorf("schedule %s invokes %s every %s", s.Name, s.Function, s.Every)
			}
		}
		for _, r := range b.Rules {
			if !seen[r.Function] {
				t.Errorf("rule %s invokes %s, which is not deployed", r.Name, r.Function)
			}
		}
		for _, machine := range b.Machines {
			for _, f := range inputs.Functions() {
				if strings.Contains(machine.Definition, workflow.Token(f)) && !seen[f] {
					t.Errorf("machine %s invokes %s, which is not deployed", machine.Name, f)
				}
			}
		}
	})
}

// The longest names that AWS takes.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
const (
	longestFunction = 64 // and role
	longestSchedule = 64 // and rule
	longestMachine  = 80
	longestTable    = 255
	longestQueue    = 80
)

func TestNames_areShortEnoughForAWSAndTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		taken := map[string]bool{}
		check := func(kind, name string, longest int) {
			t.Helper()
			if len(name) > longest || !strings.HasPrefix(name, "pilotlight-"+b.Plan) {
				t.Errorf("%s %s has %d characters of %d", kind, name, len(name), longest)
			}
			if taken[kind+name] {
				t.Errorf("two things of the kind %s are called %s", kind, name)
			}
			taken[kind+name] = true
		}
		for _, f := range b.Functions {
			check("function", f.Deployed, longestFunction)
			if f.Queue != nil {
				check("queue", f.Queue.Name, longestQueue)
				check("queue", f.Queue.DeadLetter, longestQueue)
			}
		}
		for _, s := range b.Schedules {
			check("schedule", s.Name, longestSchedule)
		}
		for _, r := range b.Rules {
			check("rule", r.Name, longestSchedule)
		}
		for _, f := range b.Forwards {
			check("forward", f.Name, longestSchedule)
		}
		for _, machine := range b.Machines {
			check("machine", machine.Name, longestMachine)
		}
		check("table", b.Table, longestTable)
	})
}
