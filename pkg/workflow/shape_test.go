package workflow_test

import (
	"maps"
	"slices"
	"strings"
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

// A branch that ended well after a failure would be done as far as its group can
// see, and the run would go on to send users to what was not recovered. What a step
// catches leads to its own hold, which fails the branch unless somebody decides.
func TestCompile_letsAnAbortLeaveEveryBranch(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		d.walk(func(d definition, branch bool) {
			for name, s := range d.States {
				switch {
				case branch && len(s.Catch) > 0 && s.Catch[0].Next != name+" · hold":
					t.Errorf("%q catches inside its branch", name)
				case !branch && s.Type == "Parallel" && !catchesAll(s):
					t.Errorf("group %q lets a branch's failure end the run without closing it", name)
				}
			}
		})
	})
}

// way is where a failure of a state leads.
func way(d definition, name string) string {
	switch {
	case d.States[name+" · hold"].Type != "":
		return name + " · hold"
	case strings.HasPrefix(name, "take back "):
		return "could not take back"
	case slices.Contains([]string{"close run", "close failed run", "could not take back"}, name):
		return "Dirty" // nothing is left that could close it
	}
	return "close failed run"
}

func TestCompile_closesEveryRunThatFails(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		for name, s := range d.States {
			for _, catch := range s.Catch {
				if want := way(d, name); catch.Next != want {
					t.Errorf("%q leads a failure to %q, not to %q", name, catch.Next, want)
				}
			}
		}
	})
}

// A step holds where it is: in a branch, so that its siblings go on meanwhile.
func TestCompile_holdsEveryStepInsideItsBranch(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		d.walk(func(d definition, branch bool) {
			for name, s := range d.States {
				if s.Type != "Choice" || name == "which end?" {
					continue
				}
				step := strings.TrimSuffix(name, " · done?")
				hold := d.States[step+" · hold"]
				if hold.Parameters["FunctionName"] != "${HoldStepArn}" || hold.Next != name || d.States[step+" · hold wait"].Next != step+" · hold" {
					t.Errorf("%q has no hold beside it that is asked again after a wait", step)
				}
				if s.Default != step+" · wait" || d.States[s.Default].Next != step {
					t.Errorf("%q is not looked at again after a wait", step)
				}
				want := []string{"DONE", "HOLD → " + step + " · hold wait"}
				if got := []string{s.Choices[0].StringEquals, s.Choices[1].StringEquals + " → " + s.Choices[1].Next}; !slices.Equal(want, got) {
					t.Errorf("%q chooses by %q, want %q", name, got, want)
				}
				if payload, _ := hold.Parameters["Payload"].(map[string]any); payload["step"] != step || payload["on-failure"] == "" {
					t.Errorf("the hold of %q is sent %v", step, payload)
				}
				if branch && len(hold.Catch) > 0 {
					t.Errorf("the hold of %q keeps an abort inside its branch", step)
				}
			}
		})
	})
}

func TestCompile_takesBackEveryKindThatTheCourseHas(t *testing.T) {
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		kinds := map[string]bool{}
		d.walk(func(d definition, _ bool) {
			for _, s := range d.States {
				if payload, _ := s.Parameters["Payload"].(map[string]any); payload["kind"] != nil {
					kinds[payload["kind"].(string)] = true
				}
			}
		})
		for kind := range kinds {
			back := d.States["take back "+kind]
			if back.Parameters["Payload.$"] != "$.last.request" || back.Next != "take back · wait" {
				t.Errorf("%s is taken back by %+v", kind, back)
			}
			if !slices.ContainsFunc(d.States["which end?"].Choices, func(c struct{ Variable, StringEquals, Next string }) bool {
				return c.StringEquals == kind && c.Next == "take back "+kind
			}) {
				t.Errorf("nothing leads to taking back %s", kind)
			}
		}
		if len(kinds) == 0 || d.States["take back · wait"].Next != "close run" {
			t.Errorf("kinds %v; after a wait close-run is to say what is next", kinds)
		}
	})
}

func catchesAll(s asl) bool {
	return len(s.Catch) > 0 && slices.Contains(s.Catch[len(s.Catch)-1].ErrorEquals, "States.ALL")
}
