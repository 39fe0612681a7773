package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a finding stops a plan from being used.
type Severity string

// A plan with an Error is not returned; a Warning only tells.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one mistake in a plan file: where it is, what is wrong with it and
// what to write there.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // from 1
	Severity Severity `json:"severity"`
	Field    string   `json:"field,omitempty"` // recover[1].parallel[0].launch-instances.count; empty: the file as a whole
	Problem  string   `json:"problem"`
	Instead  string   `json:"instead,omitempty"` // completes "write …"; empty when there is nothing to propose
}

// String is one line, in the form that editors and terminals make a link of.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s: ", f.File, f.Line, f.Column, f.Severity)
	if f.Field != "" {
		fmt.Fprintf(&b, "%s: ", f.Field)
	}
	b.WriteString(f.Problem)
	if f.Instead != "" {
		fmt.Fprintf(&b, "; write %s", f.Instead)
	}
	return b.String()
}

// Findings are everything that is wrong with a file, in the order of its lines.
type Findings []Finding

// HasErrors is true when the plan cannot be used.
func (fs Findings) HasErrors() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Severity == Error })
}

// String is one finding a line.
func (fs Findings) String() string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

func (fs Findings) sort() {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
