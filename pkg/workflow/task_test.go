package workflow_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

func forEveryTask(t *testing.T, check func(t *testing.T, name string, s asl, branch bool)) {
	t.Helper()
	forEveryState(t, func(t *testing.T, name string, s asl, branch bool) {
		if s.Type == "Task" {
			check(t, name, s, branch)
		}
	})
}

// A parameter that lambda:invoke does not know is accepted by every validator
// and refused by AWS when the machine is made.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
func TestCompile_invokesLambdaWithParametersThatItKnows(t *testing.T) {
	forEveryTask(t, func(t *testing.T, name string, s asl, _ bool) {
		if s.Resource != "arn:aws:states:::lambda:invoke" {
			t.Errorf("%q calls %s", name, s.Resource)
		}
		want := []string{"FunctionName", "Payload"}
		if strings.HasPrefix(name, "take back ") {
			want[1] = "Payload.$"
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(s.Parameters))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	})
}

// A path that does not end in ".$" reaches the function as text, and one that
// the context object does not have fails the run; no validator sees either.
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
func TestCompile_writesPathsWhereStepFunctionsReadsThem(t *testing.T) {
	known := []string{"$$.Execution.Name", "$.failure"}
	forEveryTask(t, func(t *testing.T, name string, s asl, _ bool) {
		switch {
		case strings.HasPrefix(name, "take back "):
			return // its payload is the request that close-run answered
		case name == "could not take back": // which is still there
			known = append(known, "$.last.request")
		}
		payload, ok := s.Parameters["Payload"].(map[string]any)
		if !ok {
			t.Fatalf("%q has no payload", name)
		}
		for key, value := range payload {
			text, _ := value.(string)
			switch isPath := strings.HasPrefix(text, "$.") || strings.HasPrefix(text, "$$."); {
			case isPath != strings.HasSuffix(key, ".$"):
				t.Errorf("%q passes %q as %q", name, text, key)
			case isPath && !slices.Contains(known, text):
				t.Errorf("%q reads %s, which nothing writes", name, text)
			}
		}
	})
}

func TestCompile_boundsEveryTaskAboveItsFunctionsTimeout(t *testing.T) {
	b := blueprintOf(t, "../../plans/storefront.yaml")
	var longest time.Duration
	for _, function := range b.Functions {
		if strings.Contains(b.Machines[0].Definition, workflow.Token(function.Name)) {
			longest = max(longest, function.Timeout)
		}
	}
	forEveryTask(t, func(t *testing.T, name string, s asl, _ bool) {
		if bound := time.Duration(s.TimeoutSeconds) * time.Second; bound <= longest {
			t.Errorf("%q is given up after %s, before Lambda ends the function at %s and says so", name, bound, longest)
		}
	})
}

func TestCompile_catchesEveryFailureOutsideBranches(t *testing.T) {
	forEveryTask(t, func(t *testing.T, name string, s asl, branch bool) {
		if !branch && !catchesAll(s) {
			t.Errorf("a failure of %q ends the run without closing it", name)
		}
	})
}

// The names under which Step Functions reports what goes wrong in or around a
// Lambda invocation.
// https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
var reported = []string{
	"Lambda.AWSLambdaException",
	"Lambda.ClientExecutionTimeoutException",
	"Lambda.SdkClientException",
	"Lambda.ServiceException",
	"Lambda.TooManyRequestsException",
	"Lambda.Unknown",    // an error without a type
	"Runtime.ExitError", // the process died; Lambda's own name
	"Sandbox.Timedout",  // the function's timeout; Lambda's own name
	"States.Timeout",    // the task's timeout
	string(failure.TryAgain),
}

func TestCompile_retriesWhatTimeMendsAndNothingElse(t *testing.T) {
	want := slices.Sorted(slices.Values(reported))
	forEveryTask(t, func(t *testing.T, name string, s asl, _ bool) {
		var got []string
		for _, retry := range s.Retry {
			got = append(got, retry.ErrorEquals...)
		}
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
		for _, final := range []failure.Class{failure.Permanent, failure.BadInput, failure.RunOver} {
			if slices.Contains(got, string(final)) {
				t.Errorf("%q retries %s, which fails the same again", name, final)
			}
		}
	})
}

func TestCompile_waitsAsLongAsTheStepAnswered(t *testing.T) {
	forEveryState(t, func(t *testing.T, name string, s asl, _ bool) {
		if s.Type == "Wait" && s.SecondsPath != "$.last.waitSeconds" {
			t.Errorf("%q waits for %q", name, s.SecondsPath)
		}
		if s.Type == "Task" && s.ResultSelector["waitSeconds.$"] != "$.Payload.waitSeconds" {
			t.Errorf("%q keeps no waitSeconds for the wait", name)
		}
	})
}

func TestCompile_looksAgainUntilAStepSaysDone(t *testing.T) {
	loops := 0
	forEveryState(t, func(t *testing.T, name string, s asl, _ bool) {
		if s.Type != "Choice" || name == "which end?" {
			return
		}
		loops++
		if s.Choices[0].Variable != "$.last.status" || s.Choices[0].StringEquals != string(step.StatusDone) {
			t.Errorf("%q leaves the loop when %s is %q", name, s.Choices[0].Variable, s.Choices[0].StringEquals)
		}
	})
	if loops == 0 {
		t.Error("no step loops")
	}
}

func TestCompile_givesAStepATaskAndItsHoldAndNothingMore(t *testing.T) {
	for _, file := range planFiles(t) {
		frame := []string{"open run", "pin points", "close run", "close failed run", "could not take back"}
		var want, got []string
		for s := range loaded(t, file).Steps() {
			want = append(want, s.ID)
		}
		decoded(t, compiled(t, file)).walk(func(d definition, _ bool) {
			for name, s := range d.States {
				if s.Type == "Task" && !slices.Contains(frame, name) && !strings.HasSuffix(name, " · hold") && !strings.HasPrefix(name, "take back ") {
					got = append(got, name)
				}
			}
		})
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-steps +tasks):\n%s", file, diff)
		}
	}
}

// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
func TestCompile_keepsADefinitionUnderStepFunctionsLimit(t *testing.T) {
	const limit = 1 << 20
	forEveryPlan(t, func(t *testing.T, text string, _ definition) {
		if len(text) >= limit {
			t.Errorf("%d bytes", len(text))
		}
	})
}

func TestCompile_holdsNoARNOfAFunction(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, text string, _ definition) {
		for _, arn := range regexp.MustCompile(`arn:[^"]*:(?:lambda|states):[^"]*`).FindAllString(text, -1) {
			if arn != "arn:aws:states:::lambda:invoke" {
				t.Errorf("holds %s", arn)
			}
		}
	})
}

func TestCompile_invokesFunctionsThatHaveAFolderAndAreDeployed(t *testing.T) {
	token := regexp.MustCompile(`\$\{[A-Za-z0-9]+\}`)
	for _, file := range planFiles(t) {
		deployed := map[string]bool{}
		for _, function := range blueprintOf(t, file).Functions {
			deployed[workflow.Token(function.Name)] = true
			if _, err := os.Stat("../../functions/" + function.Name + "/main.go"); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		for _, found := range token.FindAllString(compiled(t, file), -1) {
			if !deployed[found] {
				t.Errorf("%s: %s stands for no function", file, found)
			}
		}
	}
}

func blueprintOf(t *testing.T, file string) *blueprint.Blueprint {
	t.Helper()
	b, err := blueprint.Compile(loaded(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
