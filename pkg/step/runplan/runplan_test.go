package runplan

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a child plan c with a parent's step, and what was done to it.
type world struct {
	t       *testing.T
	book    *ledgertest.Ledger
	started []string // names of executions, once each
	asked   []string // who was cancelled by whom
	lost    bool     // the next start of an execution is lost
}

func newWorld(t *testing.T) *world { return &world{t: t, book: ledgertest.New(noon)} }

func (w *world) Start(_ context.Context, state run.State) error {
	if w.lost {
		w.lost = false
		return errors.New("connection reset")
	}
	if held := w.book.Of("c"); state.Phase != run.Starting || state.Input != held.Input || state.Run != held.Run {
		w.t.Errorf("an execution was started under %+v", state)
	}
	w.started = append(w.started, state.Run)
	return nil
}

func (w *world) cancel(_ context.Context, child, runID, by, _ string) error {
	w.asked = append(w.asked, runID+" by "+by)
	_, err := w.book.Say(context.Background(), child, run.Answer{Run: runID, Step: run.Whole, Word: run.SayAbort, By: by})
	return err
}

func (w *world) step(mode run.Mode, attempt int) step.Run {
	return step.Run{Plan: "p", ID: "p-1", Step: "child", Mode: mode, Attempt: attempt, Began: w.book.Now(), Now: w.book.Now()}
}

func (w *world) kind() *Kind { return &Kind{w.book, w, w} }

func (w *world) advance(r step.Run) (step.Progress, error) {
	return w.kind().Advance(w.t.Context(), r, plan.RunPlan{Plan: "c"})
}

func (w *world) undo() (step.Progress, error) {
	return w.kind().Undo(w.t.Context(), w.step(run.Unplanned, 0), plan.RunPlan{Plan: "c"})
}

func (w *world) set(state run.State, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	w.book.Set(state)
}

func (w *world) reserved(mode run.Mode) {
	w.t.Helper()
	w.set(w.book.Of("c").Reserve(run.Order{Mode: mode, Reason: "for p-1", Parent: "p-1"}, noon))
}

func (w *world) ends(end run.End) {
	w.t.Helper()
	w.set(w.book.Of("c").Opened().Closed(end, w.book.Now()))
}

func TestAdvance_startsTheReservedRunAndFollowsItToItsEnd(t *testing.T) {
	for _, mode := range []run.Mode{run.Unplanned, run.Planned, run.Drill} {
		w := newWorld(t)
		w.reserved(mode)
		r := w.step(mode, 0)
		for range 3 {
			if got, err := w.advance(r); err != nil || got.Done {
				t.Fatalf("%+v, %v", got, err)
			}
			w.book.Wait(time.Minute)
		}
		if state := w.book.Of("c"); state.Epoch != 1 || state.Phase != run.Starting || state.Mode != mode {
			t.Errorf("%s: %+v", mode, state)
		}
		if diff := cmp.Diff([]string{"c-1", "c-1", "c-1"}, w.started); diff != "" {
			t.Errorf("%s: started (-want +got), which is one execution by its name:\n%s", mode, diff)
		}
		w.ends(run.Recovered)
		if got, err := w.advance(r); err != nil || !got.Done || got.Outputs["run"] != "c-1" {
			t.Errorf("%s: %+v, %v", mode, got, err)
		}
	}
}

func TestAdvance_goesOnAfterACrashBetweenTheLockAndTheStart(t *testing.T) {
	w := newWorld(t)
	w.reserved(run.Unplanned)
	w.lost = true
	if _, err := w.advance(w.step(run.Unplanned, 0)); failure.ClassOf(err) != failure.TryAgain {
		t.Fatal(err)
	}
	if _, err := w.advance(w.step(run.Unplanned, 0)); err != nil || len(w.started) != 1 {
		t.Errorf("%v, started %v", err, w.started)
	}
}

func TestAdvance_takesTheModeThatTheParentIsInByNow(t *testing.T) {
	w := newWorld(t)
	w.reserved(run.Planned)
	if _, err := w.advance(w.step(run.Unplanned, 0)); err != nil {
		t.Fatal(err)
	}
	if given, err := w.book.Of("c").Given(); err != nil || given.Mode != run.Unplanned {
		t.Errorf("input %+v, %v", given, err)
	}
}

func TestAdvance_takesAFreeChildsLockItself(t *testing.T) {
	w := newWorld(t)
	if _, err := w.advance(w.step(run.Unplanned, 0)); err != nil {
		t.Fatal(err)
	}
	if state := w.book.Of("c"); state.Parent() != "p-1" || state.Phase != run.Starting || len(w.started) != 1 {
		t.Errorf("%+v, started %v", state, w.started)
	}
}

func TestAdvance_runsNoChildThatIsThereOrOnItsWayByItself(t *testing.T) {
	w := newWorld(t)
	w.set(run.New("c").Start(run.Order{Reason: "its own alarms"}, noon))
	if got, err := w.advance(w.step(run.Unplanned, 0)); err != nil || got.Done {
		t.Errorf("%+v, %v; want it followed", got, err)
	}
	w.ends(run.Recovered)
	if got, err := w.advance(w.step(run.Unplanned, 0)); err != nil || !got.Done {
		t.Errorf("%+v, %v; want it taken for done", got, err)
	}
	if len(w.started) > 0 {
		t.Errorf("started %v", w.started)
	}
}

func TestAdvance_failsWithTheChildAndRunsItAgainOnRetry(t *testing.T) {
	for end, again := range map[run.End]bool{run.Aborted: true, run.Dirty: false} {
		w := newWorld(t)
		w.reserved(run.Unplanned)
		w.book.Wait(time.Minute)
		w.ends(end)
		if _, err := w.advance(w.step(run.Unplanned, 0)); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), string(end)) {
			t.Errorf("%s: %v", end, err)
		}
		w.book.Wait(time.Minute)
		r := w.step(run.Unplanned, 1)
		_, err := w.advance(r)
		if (err == nil) != again {
			t.Errorf("%s, retried: %v", end, err)
		}
		if !again {
			continue
		}
		if state := w.book.Of("c"); state.Run != "c-2" || state.Parent() != "p-1" {
			t.Errorf("retried: %+v", state)
		}
		w.ends(run.Aborted)
		if _, err := w.advance(r); failure.ClassOf(err) != failure.Permanent {
			t.Errorf("the second attempt's run aborted: %v; want a failure and no third run", err)
		}
	}
}

func TestUndo_ofWhatTheChildIs(t *testing.T) {
	for name, c := range map[string]struct {
		make func(w *world)
		left string // empty: nothing
	}{
		"it never ran":        {func(*world) {}, ""},
		"it ran by itself":    {func(w *world) { w.set(run.New("c").Start(run.Order{Reason: "its own"}, noon)) }, ""},
		"it took itself back": {func(w *world) { w.reserved(run.Unplanned); w.ends(run.Aborted) }, ""},
		"its drill is over":   {func(w *world) { w.reserved(run.Drill); w.ends(run.Recovered) }, ""},
		"it failed over":      {func(w *world) { w.reserved(run.Unplanned); w.ends(run.Recovered) }, "start its failback"},
		"it ended dirty":      {func(w *world) { w.reserved(run.Unplanned); w.ends(run.Dirty) }, "settle the plan"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.make(w)
			before := w.book.Of("c")
			got, err := w.undo()
			if err != nil || !got.Done || (got.Left == "") != (c.left == "") || !strings.Contains(got.Left, c.left) {
				t.Errorf("%+v, %v; want %q left", got, err, c.left)
			}
			if !cmp.Equal(before, w.book.Of("c")) || len(w.asked) > 0 {
				t.Error("the child was changed")
			}
		})
	}
}

func TestUndo_givesBackALockThatWasNotUsed(t *testing.T) {
	w := newWorld(t)
	w.reserved(run.Unplanned)
	for range 2 {
		if _, err := w.undo(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := w.undo(); err != nil || !got.Done || w.book.Of("c").Posture != run.Standby {
		t.Errorf("%+v, %v, %+v", got, err, w.book.Of("c"))
	}
}

func TestUndo_cancelsARunOnceAndWaitsForIt(t *testing.T) {
	w := newWorld(t)
	w.reserved(run.Unplanned)
	if _, err := w.advance(w.step(run.Unplanned, 0)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, err := w.undo(); err != nil || got.Done {
			t.Fatalf("%+v, %v; want it waited for", got, err)
		}
	}
	if diff := cmp.Diff([]string{"c-1 by run p-1"}, w.asked); diff != "" {
		t.Errorf("cancelled (-want +got):\n%s", diff)
	}
	w.ends(run.Aborted)
	if got, err := w.undo(); err != nil || !got.Done || got.Left != "" {
		t.Errorf("%+v, %v", got, err)
	}
}
