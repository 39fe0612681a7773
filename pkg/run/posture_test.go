package run_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// mostEpochs bounds the search: a drill, a failover over it, and a failback.
const mostEpochs = 3

// operations are all that the product does to a state, each guarded as its callers
// guard it; those of moves are not guarded, because they refuse by themselves.
func operations() map[string]func(run.State) (run.State, error) {
	all := maps.Clone(moves)
	for _, mode := range []run.Mode{run.Unplanned, run.Planned, run.Drill, run.Failback, run.Repair} {
		all["reserve "+string(mode)] = func(s run.State) (run.State, error) {
			return s.Reserve(run.Order{Mode: mode, Reason: "a test", Parent: "all-1"}, noon)
		}
		all["free as "+string(mode)] = func(s run.State) (run.State, error) {
			if s.Phase != run.Reserved {
				return s, nil
			}
			return s.Freed(mode)
		}
	}
	for name, change := range map[string]func(run.State) run.State{
		"open":  func(s run.State) run.State { return s.Opened() },
		"reap":  func(s run.State) run.State { return s.Reaped(s.Drills[0]) },
		"turn":  func(s run.State) run.State { s.Turned = !s.Turned; return s },
		"shift": func(s run.State) run.State { s.Side = run.RecoverySide; return s },
		"warn":  func(s run.State) run.State { return s.Warned("a test", 0, noon) },
		"ask":   func(s run.State) run.State { return s.Warned("a test", time.Hour, noon) },
		"tell":  func(s run.State) run.State { return s.Told() },
		"calm":  func(s run.State) run.State { return s.Calm() },
	} {
		all[name] = func(s run.State) (run.State, error) {
			held := s.Phase == run.Starting || s.Phase == run.Running
			switch {
			case name == "open" && s.Phase != run.Starting, (name == "turn" || name == "shift") && !held,
				name == "reap" && len(s.Drills) == 0, name == "tell" && s.Alert == nil, (name == "warn" || name == "ask") && s.Alerts == 2:
				return s, nil
			}
			return change(s), nil
		}
	}
	return all
}

func key(t *testing.T, s run.State) string {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Every state that a plan comes to by any of the operations, in any order: postures move
// as DESIGN says, an epoch only grows, by one and by a start, nobody takes the lock of a
// run that is not a drill, and a plan always comes to rest again.
func TestState_inEveryOrderOfAllThatIsDoneToIt(t *testing.T) {
	first := run.New("p")
	states, from := map[string]run.State{key(t, first): first}, map[string][]string{}
	seen := map[[2]run.Posture]bool{}
	for open := []string{key(t, first)}; len(open) > 0; {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		was := states[at]
		for name, do := range operations() {
			next, err := do(was)
			if err != nil && key(t, next) != at {
				t.Fatalf("%s was refused, and changed %s to %s", name, at, key(t, next))
			}
			there := key(t, next)
			if there == at || next.Epoch > mostEpochs {
				continue
			}
			follows(t, name, was, next)
			seen[[2]run.Posture{was.Posture, next.Posture}] = true
			from[there] = append(from[there], at)
			if _, known := states[there]; !known {
				states[there] = next
				open = append(open, there)
			}
		}
	}
	if t.Failed() {
		return
	}
	for _, to := range designed {
		for a, b := range to {
			if !seen[[2]run.Posture{a, b}] {
				t.Errorf("%s never became %s: the search is too narrow", a, b)
			}
		}
	}
	comesToRest(t, states, from)
	t.Logf("%d states", len(states))
}

// follows says whether a state may follow on another one.
func follows(t *testing.T, name string, was, next run.State) {
	t.Helper()
	started := next.Epoch == was.Epoch+1
	switch {
	case !started && (next.Epoch != was.Epoch || next.Run != was.Run):
		t.Errorf("%s: epoch %d, run %q follow on %d, %q", name, next.Epoch, next.Run, was.Epoch, was.Run)
	case started && (next.Run != run.Name("p", next.Epoch) || next.Alert != nil):
		t.Errorf("%s: run %q began with epoch %d and the alert %+v", name, next.Run, next.Epoch, next.Alert)
	case started && was.UnderWay() && was.Posture != run.Drilling:
		t.Errorf("%s: run %s took the lock of %s", name, next.Run, was.Run)
	}
	if next.Posture == was.Posture {
		return
	}
	for _, to := range designed {
		if to[was.Posture] == next.Posture {
			return
		}
	}
	t.Errorf("%s: %s became %s", name, was.Posture, next.Posture)
}

// comesToRest: from every state there is a way to one that serves and has no run.
func comesToRest(t *testing.T, states map[string]run.State, from map[string][]string) {
	t.Helper()
	reached, open := map[string]bool{}, []string{}
	for at, s := range states {
		if !s.UnderWay() && slices.Contains([]run.Posture{run.Standby, run.Active}, s.Posture) {
			reached[at], open = true, append(open, at)
		}
	}
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		for _, before := range from[at] {
			if !reached[before] {
				reached[before], open = true, append(open, before)
			}
		}
	}
	for at := range states {
		if !reached[at] {
			t.Fatalf("no way out of %s", at)
		}
	}
}

func TestAhead_isWhatGoesOnOrMayBeNext(t *testing.T) {
	recover, failback, repair := plan.CourseRecover, plan.CourseFailback, plan.CourseRepair
	for posture, want := range map[run.Posture][]plan.Course{
		run.Standby: {recover, repair}, run.Drilling: {recover}, run.Repairing: {repair}, run.FailingOver: {recover},
		run.Active: {failback}, run.FailingBack: {failback}, run.NeedsPerson: nil,
	} {
		var ahead []plan.Course
		for _, course := range []plan.Course{recover, failback, repair} {
			if (run.State{Posture: posture}).Ahead(course) {
				ahead = append(ahead, course)
			}
		}
		if diff := cmp.Diff(want, ahead); diff != "" {
			t.Errorf("%s (-want +got):\n%s", posture, diff)
		}
	}
}
