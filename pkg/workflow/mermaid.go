package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Mermaid draws a compiled definition as a state diagram: every step one box,
// without its inner loop of looking and waiting and without its hold, and one box for
// the loop that takes a run back.
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
	m = fold(m)
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

// after are the states that may follow.
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
	return []string{s.Next}
}

// takenBack is the one box of what takes a run back.
const takenBack = "take back what was made, newest first"

// fold leaves the states that tell the story: a step goes where its loop is left
// for, and fails where its hold does.
func fold(m machine) machine {
	folded := machine{StartAt: m.StartAt, States: map[string]state{}}
	for name, s := range m.States {
		if inner(name) {
			continue
		}
		if done, ok := m.States[name+doneSuffix]; ok {
			s.Next = done.Choices[0].Next
		}
		if hold, ok := m.States[name+holdSuffix]; ok {
			s.Catch = hold.Catch
		}
		if name == whichEnd {
			s.Choices = slices.DeleteFunc(slices.Clone(s.Choices), func(c choice) bool { return inner(c.Next) })
			s.Choices = append(s.Choices, choice{Next: takenBack})
			folded.States[takenBack] = state{Type: "Task", Next: whichEnd}
		}
		folded.States[name] = s
	}
	return folded
}

// inner says whether a state belongs to a step's own loop or hold, or to the loop
// that takes a run back.
func inner(name string) bool {
	return name == closeLeft || strings.HasPrefix(name, takeBack) || slices.ContainsFunc([]string{doneSuffix, waitSuffix, holdSuffix, holdWaitSuffix},
		func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}
