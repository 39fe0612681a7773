package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// source is one parsed file.
type source struct {
	path  string // from the root
	test  bool
	set   *token.FileSet
	tree  *ast.File
	lines int
}

// at is a place in the file.
func (s source) at(node ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.set.Position(node.Pos()).Line)
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, unit := range units(t) {
		for _, path := range unit.files() {
			text, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				t.Fatal(err)
			}
			set := token.NewFileSet()
			tree, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, source{path, strings.HasSuffix(path, "_test.go"), set, tree, strings.Count(string(text), "\n")})
		}
	}
	slices.SortFunc(all, func(a, b source) int { return strings.Compare(a.path, b.path) })
	return all
}

// calls visits every call of a file: of a package's function as "time.Now", of
// anything else by its bare name.
func (s source) calls(visit func(name string, call *ast.CallExpr)) {
	ast.Inspect(s.tree, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch function := call.Fun.(type) {
		case *ast.Ident:
			visit(function.Name, call)
		case *ast.SelectorExpr:
			if of, ok := function.X.(*ast.Ident); ok {
				visit(of.Name+"."+function.Sel.Name, call)
			}
		}
		return true
	})
}

// clocks are the ways to learn or to wait for this machine's time.
var clocks = []string{
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.Tick",
	"time.NewTimer", "time.NewTicker",
}

// redraws are the files besides that may read a clock: nothing is decided by it.
var redraws = []string{
	"pkg/report/progress.go", // waits for the terminal's renderer to end; what it draws is dated by its caller
	"pkg/probe/clock.go",     // how long an answer took, and how long a certificate lasts, is by the visitor's clock; metrics are dated by AWS
}

// benches measure how long code takes here, which AWS's clock cannot say.
const benches = "bench"

func TestProduct_readsNoClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || under(s.path, rehearsal...) || under(s.path, benches) || slices.Contains(redraws, s.path) {
			continue
		}
		ast.Inspect(s.tree, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := selector.X.(*ast.Ident); ok && slices.Contains(clocks, of.Name+"."+selector.Sel.Name) {
				t.Errorf("%s uses %s.%s\n\trule: now is the date of AWS's answer, given as a parameter; waiting is the state machine's"+
					"\n\tbecause two clocks in one decision give ages that never were, and a rehearsal runs at 60 times real time",
					s.at(node), of.Name, selector.Sel.Name)
			}
			return true
		})
	}
}

func TestTests_neverSleep(t *testing.T) {
	for _, s := range sources(t) {
		s.calls(func(name string, call *ast.CallExpr) {
			if s.test && name == "time.Sleep" {
				t.Errorf("%s\n\trule: no test sleeps\n\tbecause it is too short on a busy machine and too long on every other; wait for what is awaited, or use testing/synctest", s.at(call))
			}
		})
	}
}

func TestCode_neverPanicsOrExitsOutsideMain(t *testing.T) {
	for _, s := range sources(t) {
		s.calls(func(name string, call *ast.CallExpr) {
			switch {
			case s.test:
			case name == "panic":
				t.Errorf("%s panics\n\trule: what can go wrong is an error\n\tbecause a panic in a Lambda loses the error's name, and no Catch or Retry rule matches it", s.at(call))
			case name == "os.Exit" && s.tree.Name.Name != "main" && !slices.Contains(exits, s.path), strings.HasPrefix(name, "log.Fatal"):
				t.Errorf("%s ends the process\n\trule: only main does\n\tbecause nothing that was deferred runs", s.at(call))
			}
		})
	}
}

// exits are the files besides main packages that may end the process.
var exits = []string{
	"pkg/edge/edge.go", // it is every function's main, and without configuration Lambda must start a new one
}

func TestFunctions_haveNoInit(t *testing.T) {
	for _, s := range sources(t) {
		for _, declaration := range s.tree.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				t.Errorf("%s\n\trule: no init function\n\tbecause what happens before main cannot be ordered, refused or tested", s.at(function))
			}
		}
	}
}

func TestPackages_sayWhatTheyGuarantee(t *testing.T) {
	said := map[string]bool{}
	for _, s := range sources(t) {
		folder := filepath.Dir(s.path)
		said[folder] = said[folder] || s.tree.Doc != nil
	}
	for folder, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment\n\trule: each says what it guarantees and what it does not do\n\tbecause whoever looks for the place of a change reads nothing else first", folder)
		}
	}
}

func TestComments_leaveNothingToDo(t *testing.T) {
	words := []string{"TO" + "DO", "FIX" + "ME", "X" + "XX"}
	for _, s := range sources(t) {
		for _, group := range s.tree.Comments {
			for _, word := range words {
				if strings.Contains(group.Text(), word) {
					t.Errorf("%s: %s\n\trule: no note to oneself\n\tbecause nobody owns it; what is not built is said in docs/ or in an issue", s.at(group), word)
				}
			}
		}
	}
}

func TestErrors_sayWhatWasTriedAndNotThatItFailed(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.tree, func(node ast.Node) bool {
			text, ok := node.(*ast.BasicLit)
			if ok && !s.test && text.Kind == token.STRING && strings.HasPrefix(strings.ToLower(strings.Trim(text.Value, "\"`")), "fail"+"ed to ") {
				t.Errorf("%s: %s\n\trule: \"promote %%s: %%w\"\n\tbecause every link of the chain would say the same two words before its own", s.at(text), text.Value)
			}
			return true
		})
	}
}
