package house

import (
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The sizes that make one look twice, in lines.
const (
	longestFile     = 300
	longestFunction = 60
	longestMain     = 30
)

// looked are what was looked at twice and is longer all the same, and why.
var looked = map[string]string{
	"pkg/protect/snapshots/snapshots_test.go":                                              "one story of a policy's life, told in the order in which its passes run",
	"pkg/rehearsal/internet/stream_test.go TestHealthCheck_followsTheDataStreamOfItsAlarm": "one alarm followed through all its states; each is read against the one before",
}

func TestFiles_areShortEnoughToRead(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > longestFile && looked[s.path] == "" {
			t.Errorf("%s has %d lines, %d are a lot\n\tbecause it holds more than one idea: give the second a file, or say in this test why not", s.path, s.lines, longestFile)
		}
		for _, declaration := range s.tree.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := s.set.Position(function.End()).Line - s.set.Position(function.Pos()).Line + 1
			name := s.path + " " + function.Name.Name
			if lines > longestFunction && looked[name] == "" {
				t.Errorf("%s: %s has %d lines, %d are a lot\n\tbecause nobody holds it in mind at 3 a.m.: name its parts, or say in this test why not", s.at(function), function.Name.Name, lines, longestFunction)
			}
		}
	}
}

func TestFunctions_areWiringAlone(t *testing.T) {
	for _, s := range sources(t) {
		if !under(s.path, "functions") {
			continue
		}
		if filepath.Base(s.path) != "main.go" || s.lines > longestMain {
			t.Errorf("%s has %d lines\n\trule: a function is one main.go of at most %d\n\tbecause everything else has to be importable to be tested", s.path, s.lines, longestMain)
		}
		ast.Inspect(s.tree, func(node ast.Node) bool {
			switch node.(type) {
			case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt:
				t.Errorf("%s decides something\n\trule: no business if in a main\n\tbecause no test reaches it", s.at(node))
			}
			return true
		})
	}
}

func TestEvents_areThereForEveryFunctionAndForNoOther(t *testing.T) {
	const because = "\n\trule: every function has events/<function>/*.json, and nothing else is there" +
		"\n\tbecause on the day somebody pastes one into the Lambda console"
	for folder := range folderNames(t, "functions") {
		if files, err := filepath.Glob(filepath.Join(root, "events", folder, "*.json")); err != nil || len(files) == 0 {
			t.Errorf("functions/%s has no event%s", folder, because)
		}
	}
	functions := folderNames(t, "functions")
	for folder := range folderNames(t, "events") {
		if !functions[folder] {
			t.Errorf("events/%s belongs to no function%s", folder, because)
		}
	}
}

// folderNames are the names in a folder of the root, all of which are folders.
func folderNames(t *testing.T, of string) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, of))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			t.Errorf("%s/%s is no function's folder", of, entry.Name())
		}
		names[entry.Name()] = true
	}
	return names
}
