package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxSteps keeps a compiled machine's definition well under the 1 MiB of
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const maxSteps = 100

// maxNesting is how deep groups hold groups: beyond it nobody can read the plan.
const maxNesting = 8

// parallel is the key of a group, where a step has its kind.
const parallel = "parallel"

// readStep reads one item of a course or of a branch. A step that cannot be read
// still takes its place, so that paths keep their numbers, and keeps its id, so
// that references to it are not called mistakes.
func (f *file) readStep(it item) Step {
	m := f.open(it.Node, it.path, "step")
	if m == nil {
		return Step{}
	}
	key, ok := m.kind()
	if !ok {
		return Step{ID: m.anyID()}
	}
	if key == parallel {
		return Step{Parallel: m.branches()}
	}
	s := Step{Kind: Kind(key)}
	spec := m.child(key, required, key)
	if spec == nil {
		return s
	}
	s.ID = spec.text("id", optional, stepID)
	s.Timeout = spec.duration("timeout", optional, 0, maxTimeout)
	s.OnFailure = choice(spec, "on-failure", optional, []OnFailure{Pause, Abort, Continue})
	s.Spec = kinds[s.Kind].read(spec)
	spec.end()
	return s
}

// kind finds the one key of a step that says what it does.
func (m *mapping) kind() (string, bool) {
	known := []string{parallel}
	for _, k := range Kinds() {
		known = append(known, string(k))
	}
	var named, others []string
	for _, key := range m.keys {
		if slices.Contains(known, key) {
			named = append(named, key)
		} else {
			others = append(others, key)
		}
	}
	switch {
	case len(named) == 0 && len(others) == 0:
		m.wrong(m.path, "is an empty step", examples["step"])
	case len(named) == 0:
		m.unknownKind(others[0], known)
	case len(named) > 1:
		m.wrong(m.sub(named[1]), "a second kind in one step, beside "+named[0], "each step as an item of its own, after \"- \"")
	case len(others) > 0:
		for _, key := range others {
			m.wrong(m.sub(key), "stands beside "+named[0]+", not in it", fmt.Sprintf("%s: {%s: …}", named[0], shorten(key)))
		}
	default:
		return named[0], true
	}
	return "", false
}

// anyID is the id in a step of an unknown kind; empty when it has none.
func (m *mapping) anyID() string {
	for _, value := range m.values {
		for i := 0; value.Kind == yaml.MappingNode && i+1 < len(value.Content); i += 2 {
			if value.Content[i].Value == "id" {
				return value.Content[i+1].Value
			}
		}
	}
	return ""
}

func (m *mapping) unknownKind(key string, known []string) {
	m.wrong(m.sub(key), "is not a step kind", oneOf(key, known))
}

// branches reads a parallel group: each branch is a step or a list of steps.
func (m *mapping) branches() [][]Step {
	if strings.Count(m.path, "."+parallel) >= maxNesting {
		m.wrong(m.sub(parallel), fmt.Sprintf("is more than %d groups deep", maxNesting), "fewer groups, one after the other")
		return nil
	}
	items := m.list(parallel, required)
	branches := make([][]Step, len(items))
	for i, it := range items {
		if it.Kind != yaml.SequenceNode {
			branches[i] = []Step{m.readStep(it)}
			continue
		}
		for _, inner := range m.items(it.Node, it.path) {
			branches[i] = append(branches[i], m.readStep(inner))
		}
	}
	if len(items) == 1 {
		m.wrong(m.sub(parallel), "has one branch", "two branches or more, or the steps without parallel")
	}
	return branches
}

// UnmarshalJSON reads a step as json.Marshal wrote it, with the spec in its
// kind's type.
func (s *Step) UnmarshalJSON(text []byte) error {
	type plain Step
	var raw struct {
		plain
		Spec json.RawMessage `json:"spec"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	*s = Step(raw.plain)
	if s.Kind == "" {
		return nil
	}
	known, ok := kinds[s.Kind]
	if !ok {
		return fmt.Errorf("step %s: unknown kind %q", s.ID, s.Kind)
	}
	s.Spec = known.blank()
	if len(raw.Spec) == 0 {
		return nil
	}
	return json.Unmarshal(raw.Spec, s.Spec)
}
