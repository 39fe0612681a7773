package workflow

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// The steps of a test's plan: f fences, d restores the volumes of policy data, i starts
// what is made of images; the others need nothing that was copied. Brackets are a group,
// its branches divided by a bar.
func course(t *testing.T, text string) []plan.Step {
	t.Helper()
	steps, rest := sequenceOf(text)
	if rest != "" {
		t.Fatalf("%q is left of %q", rest, text)
	}
	return steps
}

func sequenceOf(text string) (steps []plan.Step, rest string) {
	for text != "" && !strings.ContainsAny(text[:1], "|]") {
		letter := text[:1]
		s := plan.Step{ID: letter, Kind: plan.KindVerify, Spec: &plan.Verify{}}
		text = text[1:]
		switch letter {
		case "[":
			s = plan.Step{}
			for more := true; more; {
				var branch []plan.Step
				branch, text = sequenceOf(text)
				s.Parallel = append(s.Parallel, branch)
				more, text = text[0] == '|', text[1:]
			}
		case "f":
			s.Kind, s.Spec = plan.KindFence, &plan.Fence{}
		case "d", "D":
			s.Kind, s.Spec = plan.KindRestoreVolumes, &plan.RestoreVolumes{Policy: "data"}
		case "i":
			s.Kind, s.Spec = plan.KindLaunchInstances, &plan.LaunchInstances{Image: "web"}
		}
		steps = append(steps, s)
	}
	return steps, text
}

// ways are the states that lead to another, of a machine and the branches in it.
func ways(t *testing.T, states map[string]state) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, s := range states {
		for _, choice := range s.Choices {
			if choice.StringEquals == "DONE" {
				found[choice.Next] = append(found[choice.Next], strings.TrimSuffix(name, doneSuffix))
			}
		}
		if s.Type == "Parallel" {
			found[s.Next] = append(found[s.Next], name)
		}
		for _, branch := range s.Branches {
			found[branch.StartAt] = append(found[branch.StartAt], "start of "+name)
			for to, from := range ways(t, branch.States) {
				found[to] = append(found[to], from...)
			}
		}
	}
	return found
}

func TestSequence_waitsForPointsWhereTheyAreNeeded(t *testing.T) {
	for text, want := range map[string]string{
		"fad":         "a → pin points → d",
		"fd":          "f → pin points → d",
		"fad[x|D]":    "a → pin points → d",
		"fia":         "f → pin points → i", // the fence's own place, when nothing waited for follows
		"f[a|bd]":     "b → pin points → d",
		"f[a|di]":     "start of group 1 → pin points → d",
		"fa[d|xD]":    "a → pin points → group 1",
		"f[a|b[d|D]]": "b → pin points → group 2",
		"f[a|[b|d]]":  "start of group 2 → pin points → d",
		"[af|b]d":     "f → pin points → f · end",
		"d":           "",
		"fai":         "f → pin points → a",
	} {
		t.Run(text, func(t *testing.T) {
			p := &plan.Plan{
				Name: "test", Primary: "us-east-1", Recovery: "us-west-2", Recover: course(t, text),
				Protect: []plan.Policy{{Name: "data", Volumes: &plan.Selector{}}, {Name: "web", Images: &plan.Selector{}}},
			}
			c := &compiler{whole: p, plan: p, course: plan.CourseRecover}
			states := map[string]state{}
			first, err := c.sequence(states, p.Recover, "", "close run")
			if err != nil {
				t.Fatal(err)
			}
			lead, got := ways(t, states), ""
			for to, from := range lead {
				for _, by := range from {
					if by == pinPoints {
						before := lead[pinPoints]
						if len(before) == 0 && first == pinPoints {
							before = []string{"start"}
						}
						got += strings.Join(before, ", ") + " → " + pinPoints + " → " + to
					}
				}
			}
			if got != want {
				text, _ := json.Marshal(lead)
				t.Errorf("%q, want %q: %s", got, want, text)
			}
		})
	}
}
