package house

import (
	"go/ast"
	"path/filepath"
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
