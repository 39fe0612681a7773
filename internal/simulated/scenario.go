package simulated

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/step"
)

// Scenario is a way that a step goes.
type Scenario[Spec any] struct {
	Build   func(*testing.T) *Trial[Spec]
	Changes []string // what the step does, once: "region.Operation"
	Left    int      // the change from which on something cannot be taken back; 0: none
	Keeps   []string // what Undo adds to what See sees: final snapshots
}

// Hold holds each scenario to what every step kind promises: looked at three times
// in every state, or killed after any change, it makes the same changes; and taken
// back after any change, AWS is as See saw it before, or Undo says what is left.
func Hold[Spec any](t *testing.T, scenarios map[string]Scenario[Spec], see func(*Trial[Spec]) []string) {
	t.Helper()
	for name, s := range scenarios {
		t.Run(name+", three looks at every state", func(t *testing.T) {
			w := s.Build(t)
			w.Looks = 3
			w.Settle(w.Advance)
			w.Settle(w.Advance)
			s.made(t, w)
		})
		for n := range len(s.Changes) + 1 {
			if n > 0 {
				t.Run(fmt.Sprintf("%s, a crash after change %d", name, n), func(t *testing.T) {
					w := s.Build(t)
					w.Caller.CrashAt = n
					w.Settle(w.Advance)
					s.made(t, w)
				})
			}
			t.Run(fmt.Sprintf("%s, taken back after change %d", name, n), func(t *testing.T) { s.takenBack(t, n, see) })
		}
	}
}

// made compares the changes, in whatever order: one look may make several.
func (s Scenario[Spec]) made(t *testing.T, w *Trial[Spec]) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(slices.Values(s.Changes)), slices.Sorted(slices.Values(w.Caller.Changes))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func (s Scenario[Spec]) takenBack(t *testing.T, change int, see func(*Trial[Spec]) []string) {
	w := s.Build(t)
	before := see(w)
	w.StopAt(change)
	w.Pass(2 * time.Minute)
	w.Looks = 3
	got := w.Settle(w.Undo)
	if unfixable := s.Left > 0 && change >= s.Left; unfixable != (got.Left != "") {
		t.Errorf("Undo left %q; something cannot be taken back: %t", got.Left, unfixable)
	} else if unfixable {
		return
	}
	after := slices.DeleteFunc(see(w), func(one string) bool { return slices.Contains(s.Keeps, one) })
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("AWS before and after (-before +after):\n%s\nchanges: %v", diff, w.Caller.Changes)
	}
}

// Twice holds two steps of one run that change one thing to this: the second is
// taken back and then the first, and AWS is as See saw it before both. The spec of
// the second is again's. It answers how the two were taken back, the second first.
func Twice[Spec any](w *Trial[Spec], again Spec, see func(*Trial[Spec]) []string) [2]step.Progress {
	w.T.Helper()
	before, id, first := see(w), w.Run.Step, w.Spec
	w.Settle(w.Advance)
	made := len(w.Caller.Changes)
	w.Run.Step, w.Spec = id+"-again", again
	w.Settle(w.Advance)
	if len(w.Caller.Changes) == made {
		w.T.Error("the second step changed nothing, which shows nothing")
	}
	second := w.Settle(w.Undo)
	w.Run.Step, w.Spec = id, first
	back := [2]step.Progress{second, w.Settle(w.Undo)}
	if back[0].Left+back[1].Left != "" {
		return back
	}
	if diff := cmp.Diff(before, see(w)); diff != "" {
		w.T.Errorf("AWS before and after (-before +after):\n%s\nchanges: %v", diff, w.Caller.Changes)
	}
	return back
}
