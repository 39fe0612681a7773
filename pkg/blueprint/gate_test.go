package blueprint_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func TestCompile_gatesWhatStartsByItself(t *testing.T) {
	gates := map[string]decide.Gate{}
	for name, p := range plans(t) {
		b, err := blueprint.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		checked, aged := map[string]bool{}, map[string]bool{}
		for _, s := range b.Schedules {
			var in struct {
				Gate     decide.Gate
				Op, Step string
				Course   plan.Course
				Policies []plan.Policy
			}
			if err := json.Unmarshal([]byte(s.Input), &in); err != nil {
				t.Fatal(err)
			}
			if s.Function == "decide-failover" {
				gates[name] = in.Gate
			}
			if in.Op == "check" && in.Course == plan.CourseRecover {
				checked[in.Step] = true
			}
			for _, policy := range in.Policies {
				aged[policy.Name] = true
			}
		}
		for _, step := range gates[name].Steps {
			if !checked[step] {
				t.Errorf("%s: step %s is waited for and never checked", name, step)
			}
		}
		if steps := len(gates[name].Steps); steps == 0 || steps != len(checked) {
			t.Errorf("%s: %d steps are waited for, and %d are checked", name, steps, len(checked))
		}
		for _, policy := range gates[name].Policies {
			if !aged[policy.Policy] || policy.RPO <= 0 {
				t.Errorf("%s: %+v is waited for, and nobody says how old it is", name, policy)
			}
		}
	}
	want := map[string][]decide.Protected{
		"storefront.yaml": {{Policy: "data", RPO: plan.Duration(time.Hour)}, {Policy: "web", RPO: plan.Duration(48 * time.Hour)}},
		"kiosk.yaml":      {{Policy: "readings", RPO: plan.Duration(15 * time.Minute), Continuous: true}},
	}
	for name, policies := range want {
		if diff := cmp.Diff(policies, gates[name].Policies); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
