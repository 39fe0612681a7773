package runplan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// well is a child whose one step is ready and whose one policy is within its RPO.
func well(t *testing.T) *world {
	w := newWorld(t)
	w.ready(run.Readiness{Course: plan.CourseRecover, Step: "web"})
	w.aged(run.Age{Policy: "data", Newest: noon.Add(-time.Hour)})
	return w
}

// ready notes what the child's check finds now.
func (w *world) ready(r run.Readiness) {
	w.t.Helper()
	r.At = w.book.Now()
	if err := w.book.Ready(w.t.Context(), "c", r); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) aged(age run.Age) {
	w.t.Helper()
	age.At = w.book.Now()
	if err := w.book.Aged(w.t.Context(), "c", age); err != nil {
		w.t.Fatal(err)
	}
}

func TestCheck_saysWhatTheChildLacks(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world)
		want  string // empty: nothing
	}{
		"nothing":  {func(*world) {}, ""},
		"a person": {func(w *world) { w.reserved(run.Unplanned); w.ends(run.Dirty) }, "Plan c needs a person: see to its run c-1"},
		"a step that works": {func(w *world) {
			w.ready(run.Readiness{Course: plan.CourseRecover, Step: "web", Problems: []string{"no template", "no zone"}})
		}, "Step web of plan c is not ready: no template; no zone"},
		"a step of the way back": {func(w *world) {
			w.ready(run.Readiness{Course: plan.CourseFailback, Step: "home", Problems: []string{"no replica"}})
		}, ""},
		"a step of a repair": {func(w *world) {
			w.ready(run.Readiness{Course: plan.CourseRepair, Step: "before", Problems: []string{"no point"}})
		}, ""},
		"the way back, when it is the next": {func(w *world) {
			w.reserved(run.Unplanned)
			w.ends(run.Recovered)
			w.ready(run.Readiness{Course: plan.CourseFailback, Step: "home", Problems: []string{"no replica"}})
		}, "Step home of plan c is not ready: no replica"},
		"a step that it had once": {func(w *world) {
			w.ready(run.Readiness{Course: plan.CourseRecover, Step: "old", Problems: []string{"gone"}})
			w.book.Wait(run.ReadyFor + time.Minute)
			w.ready(run.Readiness{Course: plan.CourseRecover, Step: "web"})
			w.aged(run.Age{Policy: "data", Newest: w.book.Now()})
		}, ""},
		"checks": {func(w *world) {
			w.book.Wait(run.ReadyFor + time.Minute)
			w.aged(run.Age{Policy: "data", Newest: w.book.Now()})
		}, "Whether the steps of plan c would work is not known: nobody has checked them for 1h10m."},
		"data within the RPO": {func(w *world) { w.aged(run.Age{Policy: "data", Newest: noon.Add(-3 * time.Hour), Beyond: true}) }, "Policy data of plan c would lose the last 3h, more than its RPO."},
		"any data":            {func(w *world) { w.aged(run.Age{Policy: "data", Beyond: true}) }, "Policy data of plan c has a source without a usable recovery point"},
		"looks at its data":   {func(w *world) { w.book.Wait(run.AgedFor + time.Minute) }, "Nobody knows what plan c would lose: its recovery points were not looked at for 15m."},
	} {
		w := well(t)
		c.spoil(w)
		problems, err := w.kind().Check(t.Context(), step.Run{}, plan.RunPlan{Plan: "c"})
		if said := strings.Join(problems, " "); err != nil || (c.want == "") != (said == "") || !strings.HasPrefix(said, c.want) {
			t.Errorf("%s: says %q, %v; want %q", name, said, err, c.want)
		}
	}
}

func TestCheck_isNotGreenForAChildThatWasNeverChecked(t *testing.T) {
	problems, err := newWorld(t).kind().Check(t.Context(), step.Run{}, plan.RunPlan{Plan: "c"})
	if err != nil || len(problems) != 1 || !strings.HasPrefix(problems[0], "Whether the steps of plan c would work is not known") {
		t.Errorf("%q, %v", problems, err)
	}
}

func TestCheck_failsForAChildWhoseLedgerCannotBeRead(t *testing.T) {
	for _, call := range []string{"state", "readiness", "ages"} {
		w := well(t)
		w.book.Break = func(asked string) error {
			if asked == call {
				return fmt.Errorf("no such table")
			}
			return nil
		}
		if problems, err := w.kind().Check(t.Context(), step.Run{}, plan.RunPlan{Plan: "c"}); err == nil {
			t.Errorf("%s: %q", call, problems)
		}
	}
}
