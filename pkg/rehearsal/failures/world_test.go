// Package failures has tests alone: many small plans on one simulated AWS, with
// their real functions and state machines, and what goes wrong with them.
package failures_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/deploy"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/schedule"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const (
	primary  = "us-east-1"
	recovery = "us-west-2"
)

// world is a simulated AWS in which plans are deployed whose schedules do not fire.
type world struct {
	*cloud.Cloud
	root   string // the repository
	t      *testing.T
	ledger *ledger.Ledger
	// In a column of the matrix: which one, and its trouble.
	number  int
	trouble trouble
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	c, err := cloud.Start(t.Context(), cloud.Options{Root: root, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{Cloud: c, root: root, t: t, ledger: ledger.New(c.As("auditor", recovery))}
}

// deploy makes a plan's functions and machines, from its text, and answers its
// schedules, which do not fire.
func (w *world) deploy(text string) (*plan.Plan, []schedule.Schedule) {
	w.t.Helper()
	p, findings := plan.Load("a test", []byte(text))
	if p == nil {
		w.t.Fatalf("%s\n%s", findings, text)
	}
	return p, w.apply(p)
}

func (w *world) apply(p *plan.Plan) []schedule.Schedule {
	w.t.Helper()
	b, err := blueprint.Compile(p)
	if err != nil {
		w.t.Fatal(err)
	}
	_, schedules, err := deploy.Apply(w.t.Context(), w.Cloud, b)
	if err != nil {
		w.t.Fatal(err)
	}
	return schedules
}

// invoke calls a plan's function as the Lambda console does.
func (w *world) invoke(p *plan.Plan, function string, input any) {
	w.t.Helper()
	raw, err := json.Marshal(input)
	if err != nil {
		w.t.Fatal(err)
	}
	answer := w.Host.Invoke(w.t.Context(), names.Function(p.Name, function), raw, false)
	if answer.FunctionError != "" {
		w.t.Errorf("%s of plan %s: %s", function, p.Name, answer.Payload)
	}
}

// start starts a run as a person does.
func (w *world) start(p *plan.Plan, mode run.Mode) {
	w.invoke(p, "decide-failover", decide.Input{Plan: p.Name, Detect: p.Detect, Manual: &decide.Manual{Reason: "a test", Mode: mode}})
}

// say answers a step as a person does.
func (w *world) say(p *plan.Plan, runID, step string, word run.Word) {
	w.invoke(p, blueprint.AnswerRun, answering.Request{Plan: p.Name, Run: runID, Step: step, Word: word, By: "a test", Reason: "as tests do"})
}

// record is what the ledger knows of a plan's newest run.
func (w *world) record(p *plan.Plan) run.Record {
	w.t.Helper()
	state, _, err := w.ledger.State(w.t.Context(), p.Name)
	if err != nil {
		w.t.Fatal(err)
	}
	record, err := w.ledger.Open(w.t.Context(), p.Name, state.Run)
	if err != nil {
		w.t.Fatal(err)
	}
	return record
}

// lookEvery is data time, a third of a second of a test's. A look at a run is four
// calls, and the simulator serves some two hundred a second: to look at twenty runs
// more often would slow them down.
const lookEvery = 20 * time.Second

// until looks again and again, in data time, until seen says so.
func (w *world) until(limit time.Duration, what string, seen func(ctx context.Context) bool) {
	w.t.Helper()
	deadline := w.Clock.Now().Add(limit)
	for !seen(w.t.Context()) {
		if w.Clock.Now().After(deadline) {
			w.t.Fatalf("not within %s: %s", limit, what)
		}
		if err := w.Clock.Wait(w.t.Context(), lookEvery); err != nil {
			w.t.Fatal(err)
		}
	}
}
