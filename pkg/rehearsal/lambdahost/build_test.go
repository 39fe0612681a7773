package lambdahost

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository is a module with functions in functions/, by name.
func repository(t *testing.T, functions map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module example.com/app\n\ngo 1.26\n")
	for name, source := range functions {
		write(t, filepath.Join(root, "functions", name, "main.go"), source)
	}
	return root
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

const trivial = "package main\n\nfunc main() {}\n"

func TestBuild_laysOutABootstrapAFunctionAndLinksOnlyWhatChanged(t *testing.T) {
	root := repository(t, map[string]string{"take-snapshots": trivial, "open-run": trivial})
	out := filepath.Join(root, "out")
	names := []string{"take-snapshots", "open-run"}
	if err := Build(t.Context(), root, names, out); err != nil {
		t.Fatal(err)
	}
	before := bootstraps(t, out, names)
	write(t, filepath.Join(root, "functions", "open-run", "main.go"), "package main\n\nfunc main() { print() }\n")
	if err := Build(t.Context(), root, names, out); err != nil {
		t.Fatal(err)
	}
	after := bootstraps(t, out, names)
	if !os.SameFile(before[0], after[0]) {
		t.Error("an unchanged function was linked again")
	}
	if os.SameFile(before[1], after[1]) {
		t.Error("a changed function was not linked again")
	}
}

// bootstraps are the files of the binaries, which must be executable.
func bootstraps(t *testing.T, out string, names []string) []os.FileInfo {
	t.Helper()
	var found []os.FileInfo
	for _, name := range names {
		info, err := os.Stat(filepath.Join(out, name, "bootstrap"))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&0o100 == 0 {
			t.Errorf("%s is not executable", name)
		}
		found = append(found, info)
	}
	return found
}

func TestBuild_saysWhatTheCompilerSaid(t *testing.T) {
	root := repository(t, map[string]string{"verify": "package main\n\nfunc main() { undefinedThing() }\n"})
	err := Build(t.Context(), root, []string{"verify"}, filepath.Join(root, "out"))
	if err == nil || !strings.Contains(err.Error(), "main.go:3:15: undefined: undefinedThing") {
		t.Errorf("err = %v, want the compiler's words", err)
	}
}

func TestBuild_refusesAFunctionThatIsNotThere(t *testing.T) {
	root := repository(t, map[string]string{"verify": trivial})
	err := Build(t.Context(), root, []string{"verfiy"}, filepath.Join(root, "out"))
	if err == nil || !strings.Contains(err.Error(), "verfiy") {
		t.Errorf("err = %v, want one that names it", err)
	}
}
