package workflow_test

import (
	"encoding/json"
	"testing"
)

// definition is a compiled machine as Step Functions reads it: decoded from the
// bytes, by names of the States Language, and not through the compiler's types.
// https://states-language.net/spec.html
type definition struct {
	StartAt        string
	TimeoutSeconds int
	States         map[string]asl
}

type asl struct {
	Type           string
	Comment        string
	Resource       string
	Parameters     map[string]any
	ResultSelector map[string]string
	TimeoutSeconds int
	Retry          []struct{ ErrorEquals []string }
	Catch          []struct {
		ErrorEquals []string
		Next        string
	}
	Choices     []struct{ Variable, StringEquals, Next string }
	Default     string
	SecondsPath string
	Branches    []definition
	Next        string
	End         bool
}

// targets are the states that may follow.
func (s asl) targets() []string {
	var all []string
	for _, name := range []string{s.Next, s.Default} {
		if name != "" {
			all = append(all, name)
		}
	}
	for _, choice := range s.Choices {
		all = append(all, choice.Next)
	}
	for _, catch := range s.Catch {
		all = append(all, catch.Next)
	}
	return all
}

// walk visits every machine: the whole one, and each branch of each group.
func (d definition) walk(visit func(d definition, branch bool)) { d.descend(false, visit) }

func (d definition) descend(branch bool, visit func(definition, bool)) {
	visit(d, branch)
	for _, s := range d.States {
		for _, inner := range s.Branches {
			inner.descend(true, visit)
		}
	}
}

func decoded(t *testing.T, text string) definition {
	t.Helper()
	var d definition
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// forEveryPlan runs a check as a subtest on every plan's compiled definition.
func forEveryPlan(t *testing.T, check func(t *testing.T, text string, d definition)) {
	t.Helper()
	for _, file := range planFiles(t) {
		t.Run(file, func(t *testing.T) {
			text := compiled(t, file)
			check(t, text, decoded(t, text))
		})
	}
}

// forEveryState runs a check on every state of every plan, of branches too.
func forEveryState(t *testing.T, check func(t *testing.T, name string, s asl, branch bool)) {
	t.Helper()
	forEveryPlan(t, func(t *testing.T, _ string, d definition) {
		d.walk(func(d definition, branch bool) {
			for name, s := range d.States {
				check(t, name, s, branch)
			}
		})
	})
}
