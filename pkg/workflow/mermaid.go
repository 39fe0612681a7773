package workflow

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Mermaid draws a compiled definition as a state diagram: every step one box,
// without its inner loop of looking and waiting.
// https://mermaid.js.org/syntax/stateDiagram.html
func Mermaid(definition string) (string, error) {
	var m machine
	if err := json.Unmarshal([]byte(definition), &m); err != nil {
		return "", fmt.Errorf("draw a state machine: %w", err)
	}
	d := &drawing{ids: map[string]string{}}
	d.line(0, "stateDiagram-v2")
	d.machine(1, m)
	return strings.TrimSuffix(d.out.String(), "\n"), nil
}

type drawing struct {
	out strings.Builder
	ids map[string]string
}

func (d *drawing) line(depth int, format string, args ...any) {
	d.out.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&d.out, format+"\n", args...)
}

// id is a name that Mermaid takes for a state: letters and digits.
func (d *drawing) id(name string) string {
	if d.ids[name] == "" {
		d.ids[name] = fmt.Sprintf("s%d", len(d.ids)+1)
	}
	return d.ids[name]
}

func (d *drawing) machine(depth int, m machine) {
	d.line(depth, "[*] --> %s", d.id(m.StartAt))
	for _, name := range inOrder(m) {
		s := m.States[name]
		d.state(depth, name, s)
		for _, next := range after(m, s) {
			d.line(depth, "%s --> %s", d.id(name), d.target(m, next))
		}
		for _, caught := range s.Catch {
			d.line(depth, "%s --> %s: fails", d.id(name), d.target(m, caught.Next))
		}
	}
}

// inOrder are the states to draw, in the order in which a run comes to them;
// those of the way out after a failure come last.
func inOrder(m machine) []string {
	var order []string
	drawn := map[string]bool{"": true}
	var visit func(name string)
	visit = func(name string) {
		if drawn[name] || m.States[name].Type == "Pass" {
			return
		}
		drawn[name] = true
		order = append(order, name)
		for _, next := range after(m, m.States[name]) {
			visit(next)
		}
	}
	visit(m.StartAt)
	for i := 0; i < len(order); i++ {
		for _, caught := range m.States[order[i]].Catch {
			visit(caught.Next)
		}
	}
	return order
}

func (d *drawing) state(depth int, name string, s state) {
	if s.Type != "Parallel" {
		d.line(depth, "%s: %s", d.id(name), name)
		return
	}
	d.line(depth, "state %s {", d.id(name))
	for i, branch := range s.Branches {
		if i > 0 {
			d.line(depth+1, "--")
		}
		d.machine(depth+1, branch)
	}
	d.line(depth, "}")
}

// target is where an arrow leads: out of the machine when there is no next, or
// when the next only ends a branch.
func (d *drawing) target(m machine, next string) string {
	if next == "" || m.States[next].Type == "Pass" {
		return "[*]"
	}
	return d.id(next)
}

// after are the states that may follow, a step's own loop left out.
func after(m machine, s state) []string {
	if s.Type == "Succeed" || s.Type == "Fail" || s.End {
		return []string{""}
	}
	if s.Type == "Choice" {
		next := []string{}
		for _, choice := range s.Choices {
			next = append(next, choice.Next)
		}
		return append(next, s.Default)
	}
	if loop := m.States[s.Next]; loop.Type == "Choice" && inner(s.Next) {
		return []string{loop.Choices[0].Next}
	}
	return []string{s.Next}
}

// inner says whether a state belongs to a step's own loop.
func inner(name string) bool {
	return strings.HasSuffix(name, doneSuffix) || strings.HasSuffix(name, waitSuffix)
}
