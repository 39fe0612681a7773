package plan

import (
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// named reads a mapping whose keys are the team's own, to texts; nil when it is
// absent.
func (m *mapping) named(field, shape string, key, value format) map[string]string {
	c := m.child(field, optional, shape)
	if c == nil {
		return nil
	}
	texts := map[string]string{}
	for _, name := range c.keysIn(key) {
		texts[name], _ = c.scalar(c.values[name], c.sub(name), value)
	}
	return texts
}

// lists is named for lists of texts; a text alone is a list of one.
func (m *mapping) lists(field, shape string, key, value format) map[string][]string {
	c := m.child(field, optional, shape)
	if c == nil {
		return nil
	}
	all := map[string][]string{}
	for _, name := range c.keysIn(key) {
		items := []item{{c.values[name], c.sub(name)}}
		if c.values[name].Kind == yaml.SequenceNode {
			items = c.items(c.values[name], c.sub(name))
		}
		for _, it := range items {
			text, _ := c.scalar(it.Node, it.path, value)
			all[name] = append(all[name], text)
		}
	}
	return all
}

// keysIn are the mapping's keys, each held against a format. A mapping without any
// says nothing, and is refused.
func (m *mapping) keysIn(as format) []string {
	for _, key := range m.keys {
		if problem, instead := as(key); problem != "" {
			m.wrong(m.sub(key), problem, instead)
		}
	}
	if len(m.keys) == 0 {
		m.wrong(m.path, "is empty", example(m.shape, m.shape)+", or leave the field out")
	}
	return m.keys
}

// maxTree is how deep values may hold values.
const maxTree = 16

// free reads a mapping of anything, which is handed on as JSON. Its texts may hold
// references.
func (m *mapping) free(field, shape string) map[string]any {
	c := m.child(field, optional, shape)
	if c == nil {
		return nil
	}
	tree := map[string]any{}
	for _, key := range c.keys {
		tree[key] = c.value(c.values[key], c.sub(key), maxTree)
	}
	return tree
}

// value is a YAML value as JSON would give it back: numbers are floats. What JSON
// has not, or would not give back as it was, is reported.
func (f *file) value(n *yaml.Node, path string, depth int) any {
	f.at[path] = n
	switch {
	case depth == 0:
		f.wrong(path, fmt.Sprintf("is more than %d values deep", maxTree), "fewer")
	case n.Kind == yaml.MappingNode:
		m, tree := f.open(n, path, "input"), map[string]any{}
		for _, key := range m.keys {
			tree[key] = f.value(m.values[key], m.sub(key), depth-1)
		}
		return tree
	case n.Kind == yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = f.value(c, fmt.Sprintf("%s[%d]", path, i), depth-1)
		}
		return list
	case n.Kind == yaml.ScalarNode:
		return f.plain(n, path)
	default:
		f.wrong(path, "is "+describe(n), "the value out in full")
	}
	return nil
}

// plain is a scalar as JSON would give it back.
func (f *file) plain(n *yaml.Node, path string) any {
	switch n.ShortTag() {
	case "!!str":
		return n.Value
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if json.Unmarshal([]byte(n.Value), &v) == nil && !tooLong(n.Value) {
			return v
		}
		f.wrong(path, fmt.Sprintf("%s is not the same in JSON", shorten(n.Value)), fmt.Sprintf("%q with its quotes", shorten(n.Value)))
	default:
		f.wrong(path, "is "+describe(n)+", which JSON has not", fmt.Sprintf("%q with its quotes", shorten(n.Value)))
	}
	return nil
}

// tooLong says whether a number has more digits than a JSON reader keeps.
func tooLong(number string) bool { return len(number) > 15 }
