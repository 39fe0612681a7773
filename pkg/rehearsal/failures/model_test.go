package failures_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

func TestStepKinds_areAllTriedInTheCallThatTheFailureModelNames(t *testing.T) {
	page, err := os.ReadFile("../../../docs/failure-model.md")
	if err != nil {
		t.Fatal(err)
	}
	var tried []plan.Kind
	for _, trial := range trials {
		tried = append(tried, trial.kind)
		if row := fmt.Sprintf("| `%s` | `%s:%s` |", trial.kind, trial.service, trial.action); strings.Count(string(page), row) != 1 {
			t.Errorf("docs/failure-model.md has no row that begins with %s", row)
		}
	}
	if diff := cmp.Diff(plan.Kinds(), slices.Sorted(slices.Values(tried))); diff != "" {
		t.Errorf("step kinds and trials (-kinds +trials):\n%s", diff)
	}
	for _, trouble := range troubles {
		if row := "| " + trouble.name; trouble.fault != nil && strings.Count(string(page), row) != 1 {
			t.Errorf("docs/failure-model.md has no row that begins with %s", row)
		}
	}
}
