package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// A wrong input is refused before anything is started: none of these could run
// here, where there is no .venv.
func TestCode_is2ForAnInputThatIsWrong(t *testing.T) {
	plan, err := filepath.Abs("../../plans/storefront.yaml")
	if err != nil {
		t.Fatal(err)
	}
	broken, err := filepath.Abs("../../pkg/plan/testdata/broken.yaml")
	if err != nil {
		t.Fatal(err)
	}
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"run": "x-1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no such command":           {"rehears", plan},
		"no such flag":              {"rehearse", plan, "--fast"},
		"no plan":                   {"rehearse"},
		"two plans":                 {"simulate", plan, plan},
		"a plan that is not there":  {"rehearse", "nowhere.yaml"},
		"a plan with mistakes":      {"rehearse", broken},
		"a plan to simulate, wrong": {"simulate", broken},
		"no such scenario":          {"rehearse", plan, "--scenario", "flood"},
		"back from nowhere":         {"rehearse", plan, "--scenario", "failback"},
		"a second failover":         {"rehearse", plan, "--scenario", "power-loss,isp-loss"},
		"no such format":            {"graph", plan, "--format", "svg"},
		"mistakes to find":          {"check", plan, broken},
		"one plan twice":            {"check", plan, plan},
		"no plan to list":           {"points"},
		"a plan to list, wrong":     {"points", broken},
		"no endpoint":               {"invoke", "verify", event},
		"an event without a plan":   {"invoke", "verify", event, "--endpoint", "http://127.0.0.1:1"},
		"no reason":                 {"failover", plan},
		"a moment that is none":     {"drill", plan, "--reason", "a test", "--as-of", "yesterday"},
		"a planned drill":           {"drill", plan, "--reason", "a test", "--planned"},
		"a plan in no region":       {"status", "storefront", "--endpoint", "http://127.0.0.1:1"},
		"an answer without a word":  {"answer", plan, "storefront-1", "orders"},
		"no such event":             {"invoke", "verify", event + "x", "--endpoint", "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE"} {
				t.Setenv(name, "")
			}
			if got := code(execute(t, args...)); got != 2 {
				t.Errorf("exit code %d, want 2", got)
			}
			if made, _ := os.ReadDir("."); len(made) > 0 {
				t.Errorf("something was done: %v", made)
			}
		})
	}
}

func TestCode_is1ForWhatCouldNotBeDone(t *testing.T) {
	plan, err := filepath.Abs("../../plans/storefront.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // without .venv
	if got := code(execute(t, "rehearse", plan)); got != 1 {
		t.Errorf("exit code %d, want 1", got)
	}
}

// A simulation that has ended: nothing listens there any more.
func TestCode_is1WhenNobodyKnowsThePoints(t *testing.T) {
	plan, err := filepath.Abs("../../plans/storefront.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	if got := code(execute(t, "points", plan, "--endpoint", "http://127.0.0.1:1")); got != 1 {
		t.Errorf("exit code %d, want 1", got)
	}
}

func TestPublish_isABadAnswerWhenTheReportIsBad(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	err := publish(io.Discard, &report.Report{Plan: "shop", End: run.Dirty}, folder)
	if got := code(err); got != 1 {
		t.Errorf("exit code %d, want 1: %v", got, err)
	}
	for _, file := range []string{"report.json", "report.html"} {
		if _, err := os.Stat(filepath.Join(folder, file)); err != nil {
			t.Error(err)
		}
	}
}

func execute(t *testing.T, args ...string) error {
	t.Helper()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return begin(t.Context(), root)
}

func TestCheck_refusesAPlanThatAWSHasNoRoomFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crowd.yaml")
	var alarms strings.Builder
	for i := range 60 {
		fmt.Fprintf(&alarms, "    - {name: alarm-%d-of-a-service-that-has-a-long-name, region: us-west-2}\n", i)
	}
	if err := os.WriteFile(file, []byte("plan: crowd\nstrategy: pilot-light\nprimary: us-east-1\nrecovery: us-west-2\nnotify: on-call\nobjectives: {rto: 30m, rpo: 1h}\ndetect:\n  mode: approve\n  alarms:\n"+
		alarms.String()+"recover:\n  - set-parameter: {name: /crowd/side, value: recovery}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := execute(t, "check", file); !errors.Is(err, errBadInput) {
		t.Errorf("%v; want it refused: its input does not fit a function's environment", err)
	}
}

func TestPlanOf_findsThePlanOfEverySampleEvent(t *testing.T) {
	files, err := filepath.Glob("../../events/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no events: %v", err)
	}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if planOf(filepath.Base(filepath.Dir(file)), event) == "" {
			t.Errorf("%s names no plan: make invoke could not send it", file)
		}
	}
	for _, other := range []string{"", "[]", `{"Records":[{"body":"later"}]}`, `{"Records":[{}]}`} {
		if plan := planOf("decide-failover", []byte(other)); plan != "" {
			t.Errorf("%s is about plan %q", other, plan)
		}
	}
}
