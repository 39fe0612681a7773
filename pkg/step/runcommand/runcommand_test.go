package runcommand

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestAdvance_sendsToEveryInstanceOnceAndFollows(t *testing.T) {
	for crash := range 3 {
		w := newWorld(t)
		ids := w.launch(w.spec.Instances, 70, "")
		w.lag[t0.Add(-time.Minute)] = 12
		w.CrashAt = crash
		for range 4 {
			if got, err := w.advance(); got.Done || err != nil && !errors.Is(err, simulated.ErrCrash) {
				t.Fatalf("%+v, %v; want pending", got, err)
			}
		}
		w.later()
		for range 3 {
			got, err := w.advance()
			if err != nil || !got.Done || !strings.Contains(got.Detail, "70 of 70") || !strings.Contains(got.Detail, "when it was sent: it is 12") {
				t.Errorf("%+v, %v; want done, with the lag noted", got, err)
			}
		}
		var got []string
		for _, c := range w.commands {
			got = append(got, c.InstanceIds...)
		}
		slices.Sort(ids)
		slices.Sort(got)
		if !slices.Equal(got, ids) || w.commands[0].Parameters["Database"][0] != "orders" {
			t.Errorf("crash %d: sent to %d instances; want %d, each once", crash, len(got), len(ids))
		}
	}
}

func TestAdvance_waitsForTheReplicaInAPlannedRunAlone(t *testing.T) {
	w := newWorld(t)
	w.launch(w.spec.Instances, 1, "")
	w.run.Mode = run.Planned
	for _, lag := range []float64{-1, 6} { // it has no value; it is too far behind
		if lag >= 0 {
			w.lag[w.now.Add(-time.Minute)] = lag
		}
		if got, err := w.advance(); err != nil || got.Done || len(w.commands) > 0 || !strings.Contains(got.Detail, "at most 5") {
			t.Errorf("lag %g: %+v, %v after %d commands; want it to wait", lag, got, err, len(w.commands))
		}
	}
	w.later()
	w.lag[w.now.Add(-time.Minute)] = 5
	if _, err := w.advance(); err != nil || len(w.commands) != 1 {
		t.Errorf("%v: %d commands; want one", err, len(w.commands))
	}
}

func TestAdvance_tellsWhatTheCommandWroteAndSendsAnotherOnRetry(t *testing.T) {
	w := newWorld(t)
	id := w.launch(w.spec.Instances, 1, "")[0]
	w.state = "Failed"
	if _, err := w.advance(); err != nil {
		t.Fatal(err)
	}
	w.later()
	_, err := w.advance()
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), id+": Failed: replica is\nnot ready") {
		t.Errorf("error %v; want a permanent one with the output", err)
	}
	w.run.Attempt, w.state = 1, "Success"
	if _, err := w.advance(); err != nil {
		t.Fatal(err)
	}
	w.later()
	if got, err := w.advance(); err != nil || !got.Done || len(w.commands) != 2 {
		t.Errorf("%+v, %v after %d commands; want done after two", got, err, len(w.commands))
	}
}

func TestUndo_saysThatACommandCannotBeTakenBack(t *testing.T) {
	w := newWorld(t)
	id := w.launch(w.spec.Instances, 1, "")[0]
	if got := w.undo(); got.Left != "" {
		t.Errorf("never sent: left %q", got.Left)
	}
	w.CrashAt = 1
	if _, err := w.advance(); !errors.Is(err, simulated.ErrCrash) {
		t.Fatalf("the crash went unnoticed: %v", err)
	}
	if got := w.undo(); !strings.Contains(got.Left, "c-0 to "+id) {
		t.Errorf("left %q; want the command and its instance", got.Left)
	}
}

func TestDrill_runsOnItsOwnInstancesAlone(t *testing.T) {
	w := newWorld(t)
	production := w.launch(w.spec.Instances, 2, "")
	w.run.Mode, w.run.Drill = run.Drill, &plan.Drill{Suffix: "drill"}
	if got, err := w.advance(); err != nil || !got.Done || !strings.HasPrefix(got.Detail, "left out in a drill") {
		t.Errorf("%+v, %v; want it left out", got, err)
	}
	own := append(w.launch(w.spec.Instances, 1, "storefront-1"), w.launch(w.spec.Instances+"-drill", 1, "storefront-1")...)
	w.launch(w.spec.Instances, 1, "storefront-0") // another drill's
	if _, err := w.advance(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(own)
	if len(w.commands) != 1 || !slices.Equal(w.commands[0].InstanceIds, own) || !strings.Contains(w.commands[0].Comment, "drill") {
		t.Errorf("sent %+v; want it on %v", w.commands, own)
	}
	if got := w.undo(); got.Left != "" {
		t.Errorf("left %q", got.Left)
	}
	w.run.Mode, w.run.Drill, w.run.ID = run.Unplanned, nil, "storefront-2"
	if _, err := w.advance(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(production)
	if got := w.commands[1].InstanceIds; !slices.Equal(got, production) {
		t.Errorf("a failover's command went to %v; want production's %v", got, production)
	}
}

func TestCheck_looksAtTheDocumentAndTheInstances(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string // in the only problem; empty: there is none
	}{
		"all is well":            {func(*world) {}, ""},
		"no document":            {func(w *world) { w.spec.Document = "nothing" }, "no document nothing"},
		"a parameter is missing": {func(w *world) { w.spec.Parameters = nil }, "needs a value of Database"},
		"a parameter is unknown": {func(w *world) { w.spec.Parameters["Databse"] = []string{"x"} }, "no parameter Databse"},
		"an instance is silent":  {func(w *world) { w.offline = w.launch(w.spec.Instances, 1, "") }, "does not answer"},
		"no instance yet":        {func(w *world) { w.spec.Instances = "later" }, ""},
		"the metric is silent":   {func(w *world) { clear(w.lag) }, "has no value"},
	} {
		w := newWorld(t)
		w.launch(w.spec.Instances, 1, "")
		w.lag[t0.Add(-time.Minute)] = 1
		c.change(w)
		w.run.Now, w.run.Drill = t0, &plan.Drill{Suffix: "drill"}
		problems, err := w.kind.Check(t.Context(), w.run, w.spec)
		if err != nil || len(problems) > 1 || (len(problems) == 1) != (c.want != "") || !strings.Contains(strings.Join(problems, ""), c.want) {
			t.Errorf("%s: problems %q, %v; want one with %q", name, problems, err, c.want)
		}
		if len(w.Changes) > 0 {
			t.Errorf("%s: changed %v", name, w.Changes)
		}
	}
}
