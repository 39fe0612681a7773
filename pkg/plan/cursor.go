package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// file is one plan file being read: where its fields are, and what is wrong.
type file struct {
	name     string
	findings Findings
	at       map[string]*yaml.Node      // by field path: where a finding about it points
	asked    map[string]map[string]need // by shape: the fields that were asked for; the schema is tested against it
}

func newFile(name string) *file {
	return &file{name: name, at: map[string]*yaml.Node{}, asked: map[string]map[string]need{}}
}

func (f *file) fileError(line, column int, problem, instead string) {
	f.findings = append(f.findings, Finding{File: f.name, Line: line, Column: column, Severity: Error, Problem: problem, Instead: instead})
}

// report adds a finding at the field, or at the nearest thing around it that the
// file does have.
func (f *file) report(severity Severity, path, problem, instead string) {
	found := Finding{File: f.name, Line: 1, Column: 1, Severity: severity, Field: path, Problem: oneLine(problem), Instead: oneLine(instead)}
	for around := path; ; {
		if n := f.at[around]; n != nil {
			found.Line, found.Column = max(n.Line, 1), max(n.Column, 1)
			break
		}
		cut := strings.LastIndexAny(around, ".[")
		if cut < 0 {
			break
		}
		around = around[:cut]
	}
	f.findings = append(f.findings, found)
}

func (f *file) wrong(path, problem, instead string) { f.report(Error, path, problem, instead) }

// need says whether a field must be in the file.
type need bool

const (
	required need = true
	optional need = false
)

// mapping is one YAML mapping. Each accessor asks for one field; end reports the
// fields that nobody asked for.
type mapping struct {
	*file
	shape  string // name of this mapping's definition in the JSON Schema
	path   string
	keys   []string // in file order
	values map[string]*yaml.Node
}

// open reads the keys of a mapping; nil, with a finding, when n is none.
func (f *file) open(n *yaml.Node, path, shape string) *mapping {
	if n.Kind != yaml.MappingNode {
		f.wrong(path, "is "+describe(n)+", not a mapping", examples[shape])
		return nil
	}
	m := &mapping{file: f, shape: shape, path: path, values: map[string]*yaml.Node{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		m.add(n.Content[i], n.Content[i+1])
	}
	if f.asked[shape] == nil {
		f.asked[shape] = map[string]need{}
	}
	return m
}

func (m *mapping) add(key, value *yaml.Node) {
	if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
		here := m.sub(key.Value)
		m.at[here] = key
		instead := "the name of a field"
		if key.ShortTag() == "!!merge" {
			instead = "the merged fields out in full"
		}
		m.wrong(here, "the key is "+describe(key), instead)
		return
	}
	path := m.sub(key.Value)
	if _, twice := m.values[key.Value]; twice {
		f := Finding{File: m.name, Line: max(key.Line, 1), Column: max(key.Column, 1), Severity: Error, Field: path,
			Problem: fmt.Sprintf("is written twice, first in line %d", m.at[path].Line), Instead: "it once"}
		m.findings = append(m.findings, f)
		return
	}
	m.keys = append(m.keys, key.Value)
	m.values[key.Value] = value
	m.at[path] = value
	if value.Line != key.Line {
		m.at[path] = key
	}
}

// sub is the path of a field of this mapping. A key that is no plain word is
// quoted, so that a finding stays one line.
func (m *mapping) sub(key string) string { return below(m.path, key) }

func below(path, key string) string {
	if !word.MatchString(key) {
		key = strconv.Quote(shorten(key))
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// get asks for a field; nil when it is absent, empty or an alias, with a finding
// where that is a mistake.
func (m *mapping) get(key string, n need) *yaml.Node {
	m.asked[m.shape][key] = n
	value, ok := m.values[key]
	switch {
	case !ok && n == required:
		m.wrong(m.sub(key), "is missing", key+": "+example(m.shape, key))
	case !ok:
	case value.Kind == yaml.AliasNode:
		m.wrong(m.sub(key), "is a YAML alias", "the value out in full")
	case value.ShortTag() == "!!null":
		m.wrong(m.sub(key), "has no value", key+": "+example(m.shape, key))
	default:
		return value
	}
	return nil
}

// child opens the mapping below a field; nil when there is none.
func (m *mapping) child(key string, n need, shape string) *mapping {
	if value := m.get(key, n); value != nil {
		return m.open(value, m.sub(key), shape)
	}
	return nil
}

// item is one element of a list.
type item struct {
	*yaml.Node
	path string
}

// list returns the elements of a list that has at least one.
func (m *mapping) list(key string, n need) []item {
	if value := m.get(key, n); value != nil {
		return m.items(value, m.sub(key))
	}
	return nil
}

func (f *file) items(n *yaml.Node, path string) []item {
	if n.Kind != yaml.SequenceNode {
		f.wrong(path, "is "+describe(n)+", not a list", "a list, one item a line, each after \"- \"")
		return nil
	}
	if len(n.Content) == 0 {
		f.wrong(path, "is an empty list", "at least one item, or leave the field out")
	}
	items := make([]item, len(n.Content))
	for i, c := range n.Content {
		items[i] = item{c, fmt.Sprintf("%s[%d]", path, i)}
		f.at[items[i].path] = c
	}
	return items
}

// end reports every field that was not asked for.
func (m *mapping) end() {
	known := slices.Sorted(maps.Keys(m.asked[m.shape]))
	for _, key := range m.keys {
		if _, ok := m.asked[m.shape][key]; ok {
			continue
		}
		if instead, ok := misnamed[m.shape][key]; ok {
			m.wrong(m.sub(key), "is not a field that Pilotlight knows", instead)
			continue
		}
		m.wrong(m.sub(key), "is not a field that Pilotlight knows", oneOf(key, known))
	}
}
