package workflow_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestCompile_givesTheStorefrontsStateMachine(t *testing.T) {
	golden(t, "testdata/storefront.asl.json", compiled(t, "../../plans/storefront.yaml"))
}

func TestMermaid_drawsTheStorefrontsStateMachine(t *testing.T) {
	drawing, err := workflow.Mermaid(compiled(t, "../../plans/storefront.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/storefront.mmd", drawing)
}

func TestCompile_givesTheSameBytesForTheSamePlan(t *testing.T) {
	for _, file := range planFiles(t) {
		first := compiled(t, file)
		for range 20 { // maps would show in one of twenty
			if diff := cmp.Diff(first, compiled(t, file)); diff != "" {
				t.Fatalf("%s compiles differently the second time:\n%s", file, diff)
			}
		}
	}
}

func TestResolve_fillsInFunctionsAndLeavesReferencesToOutputs(t *testing.T) {
	got := workflow.Resolve("${OpenRunArn} ${orders.endpoint} ${VerifyArn}", []string{"open-run"},
		func(function string) string { return "arn:" + function })
	if want := "arn:open-run ${orders.endpoint} ${VerifyArn}"; got != want {
		t.Errorf("Resolve = %q, want %q", got, want)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	got += "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; accept with -update):\n%s", file, diff)
	}
}

// planFiles are all valid plans of the repository: what holds of a compiled
// definition must hold of every one.
func planFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("plans/: %v, %d files", err, len(files))
	}
	for _, name := range []string{"base", "ledgerline", "nested", "everything"} {
		files = append(files, "../plan/testdata/"+name+".yaml")
	}
	return files
}

func loaded(t testing.TB, file string) *plan.Plan {
	t.Helper()
	p, findings := plan.LoadFile(file)
	if p == nil {
		t.Fatalf("%s:\n%s", file, findings)
	}
	return p
}

func compiled(t testing.TB, file string) string {
	t.Helper()
	definition, err := workflow.Compile(loaded(t, file), plan.CourseRecover)
	if err != nil {
		t.Fatal(err)
	}
	return definition
}
