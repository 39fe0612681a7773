package workflow_test

import (
	"maps"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestCompile_leadsOnlyToStatesOfTheSameMachine(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		d.walk(func(d definition, _ bool) {
			if _, ok := d.States[d.StartAt]; !ok {
				t.Errorf("StartAt %q is no state", d.StartAt)
			}
			for name, s := range d.States {
				for _, target := range s.targets() {
					if _, ok := d.States[target]; !ok {
						t.Errorf("%q leads to %q, which its machine does not have", name, target)
					}
				}
			}
		})
	})
}

func TestCompile_makesEveryStateReachable(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		d.walk(func(d definition, _ bool) {
			seen := map[string]bool{}
			for open := []string{d.StartAt}; len(open) > 0; open = open[1:] {
				if !seen[open[0]] {
					seen[open[0]] = true
					open = append(open, d.States[open[0]].targets()...)
				}
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(d.States)), slices.Sorted(maps.Keys(seen))); diff != "" {
				t.Errorf("from %q (-states +reachable):\n%s", d.StartAt, diff)
			}
		})
	})
}

// Two states of one name in different branches are refused.
// https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
func TestCompile_namesNoTwoStatesAlike(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		seen := map[string]bool{}
		d.walk(func(d definition, _ bool) {
			for name := range d.States {
				if seen[name] {
					t.Errorf("two states are called %q", name)
				}
				seen[name] = true
			}
		})
	})
}

func TestCompile_keepsStateNamesWithinEightyCharacters(t *testing.T) {
	forEveryState(t, func(t *testing.T, name string, _ asl, _ bool) {
		if n := utf8.RuneCountInString(name); n > 80 {
			t.Errorf("%q has %d characters", name, n)
		}
	})
}

func TestCompile_commentsEveryState(t *testing.T) {
	forEveryState(t, func(t *testing.T, name string, s asl, _ bool) {
		if s.Comment == "" {
			t.Errorf("%q says nothing to the operator who sees it in the console", name)
		}
	})
}

func TestCompile_endsOnlyInRecoveredAbortedAndDirty(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		ends := map[string]string{}
		for name, s := range d.States {
			if len(s.targets()) == 0 {
				ends[name] = s.Type
			}
		}
		want := map[string]string{"Recovered": "Succeed", "Aborted": "Fail", "Dirty": "Fail"}
		if diff := cmp.Diff(want, ends); diff != "" {
			t.Error(diff)
		}
	})
}

// A branch that caught its own failure would be done as far as its group can
// see, and the run would go on to send users to what was not recovered.
func TestCompile_letsAFailureLeaveEveryBranch(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		d.walk(func(d definition, branch bool) {
			for name, s := range d.States {
				switch {
				case branch && len(s.Catch) > 0:
					t.Errorf("%q catches inside its branch", name)
				case !branch && s.Type == "Parallel" && !catchesAll(s):
					t.Errorf("group %q lets a branch's failure end the run without closing it", name)
				}
			}
		})
	})
}

func TestCompile_closesEveryRunThatFails(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		for name, s := range d.States {
			for _, catch := range s.Catch {
				want := "close failed run"
				if name == "close run" || name == want {
					want = "Dirty" // nothing is left that could close it
				}
				if catch.Next != want {
					t.Errorf("%q leads a failure to %q, not to %q", name, catch.Next, want)
				}
			}
		}
	})
}

func catchesAll(s asl) bool {
	return len(s.Catch) > 0 && slices.Contains(s.Catch[len(s.Catch)-1].ErrorEquals, "States.ALL")
}
