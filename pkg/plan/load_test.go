package plan_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// exampleFiles are the plans that teams begin with.
func exampleFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("plans/: %v, %d files", err, len(files))
	}
	return files
}

// goodFiles are plans of which there is nothing to say.
var goodFiles = []string{"testdata/ledgerline.yaml", "testdata/nested.yaml", "testdata/vault.yaml"}

func TestLoad_acceptsTheExamples(t *testing.T) {
	for _, path := range append(exampleFiles(t), "testdata/everything.yaml") {
		if p, findings := plan.LoadFile(path); p == nil {
			t.Errorf("%s:\n%s", path, findings)
		}
	}
}

func TestLoad_saysNothingOfAPlanThatHasThoughtOfEverything(t *testing.T) {
	for _, path := range goodFiles {
		if p, findings := plan.LoadFile(path); p == nil || len(findings) > 0 {
			t.Errorf("%s:\n%s", path, findings)
		}
	}
}

func TestLoad_fillsInWhatTheFileLeavesOut(t *testing.T) {
	p, _ := plan.LoadFile("testdata/ledgerline.yaml")
	if got, want := p.Protect[0].RPO, p.Objectives.RPO; got != want {
		t.Errorf("policy's rpo = %v, want the plan's %v", got, want)
	}
	var ids []string
	for s := range p.Steps() {
		ids = append(ids, s.ID+" "+s.Timeout.String())
	}
	want := []string{"fence " + plan.DefaultTimeout.String(), "ledgers 20m", "restore-volumes 45m", "verify " + plan.DefaultTimeout.String(), "shift-traffic " + plan.DefaultTimeout.String()}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_givesALaunchTheImagePolicyOfItsTemplate(t *testing.T) {
	p, _ := plan.LoadFile("../../plans/storefront.yaml")
	images := map[string]string{}
	for s := range p.Steps() {
		if launch, ok := s.Spec.(*plan.LaunchInstances); ok {
			images[launch.Template] = launch.Image
		}
	}
	if diff := cmp.Diff(map[string]string{"storefront-web": "web", "storefront-worker": ""}, images); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_reportsEveryMistakeAtOnce(t *testing.T) {
	p, findings := plan.LoadFile("testdata/broken.yaml")
	if p != nil {
		t.Error("a plan with errors was returned")
	}
	const golden = "testdata/broken.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(findings.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), findings.String()); diff != "" {
		t.Errorf("findings (-want +got; accept with -update):\n%s", diff)
	}
}

func TestLoad_pointsAtTheLineOfWhatIsNotAPlan(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty", "", "x.yaml:1:1: error: the file is empty"},
		{"only a comment", "# nothing\n", "x.yaml:1:1: error: the file is empty"},
		{"no value", "---\n", "x.yaml:1:1: error: the file is empty"},
		{"a list", "- a\n", "x.yaml:1:1: error: is a list, not a mapping"},
		{"a tab", "plan: a\nrecover:\n\t- b\n", "x.yaml:3:1: error: not YAML: found character that cannot start any token; write spaces"},
		{"an open bracket", "plan: [a\nstrategy: b\n", "x.yaml:2:9: error: not YAML: "},
		{"two documents", "plan: a\n---\nplan: b\n", "x.yaml:2:1: error: a second document begins here"},
		{"not UTF-8", "plan: a\nprimary: \xff\n", "x.yaml:2:1: error: the text is not UTF-8"},
		{"an unknown anchor", "plan: *a\n", "x.yaml:1:7: error: not YAML: unknown anchor"},
		{"bottomless", "recover: " + strings.Repeat("[{parallel: ", 4000) + "x" + strings.Repeat("}]", 4000), "x.yaml:1:118: error: recover[0]"},
		{"too large", strings.Repeat("#\n", 1<<20), "x.yaml:1:1: error: the file is larger than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, findings := plan.Load("x.yaml", []byte(c.src))
			if p != nil || !strings.Contains(findings.String(), c.want) {
				t.Errorf("plan %v, findings:\n%swant %s", p, findings, c.want)
			}
		})
	}
}

func TestLoadFile_saysThatThereIsNoSuchFile(t *testing.T) {
	p, findings := plan.LoadFile("testdata/absent.yaml")
	if p != nil || len(findings) != 1 || findings[0].Line != 1 {
		t.Errorf("plan %v, findings %v", p, findings)
	}
}

// FuzzLoad never panics, always points at a line, and what it accepts survives
// the way through JSON that a compiled plan takes.
func FuzzLoad(f *testing.F) {
	for _, path := range append(append(exampleFiles(f), goodFiles...), "testdata/adopted.yaml", "testdata/everything.yaml", "testdata/broken.yaml", "testdata/unprotected.yaml") {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte("a: &a [*a]\n<<: *a\n"))
	f.Add([]byte("recover: [{parallel: [{parallel: [[]]}, *x]}]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		p, findings := plan.Load("fuzz.yaml", src)
		for _, found := range findings {
			if found.Line < 1 || found.Column < 1 || strings.ContainsAny(found.String(), "\n\r") {
				t.Errorf("finding without a place of its own: %q", found)
			}
		}
		if (p == nil) != findings.HasErrors() {
			t.Fatalf("plan %v with findings:\n%s", p, findings)
		}
		if p != nil {
			roundTrip(t, p)
		}
	})
}

func roundTrip(t *testing.T, p *plan.Plan) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back plan.Plan
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, &back); diff != "" {
		t.Error(diff)
	}
}
