package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// text reads a string in a format. A value in the wrong format is returned as
// well: it may still be what another field refers to.
func (m *mapping) text(key string, n need, as format) string {
	value := m.get(key, n)
	if value == nil {
		return ""
	}
	s, _ := m.scalar(value, m.sub(key), as)
	return s
}

// region reads an AWS region; empty, with a finding, when it is none, so that
// nothing else is held against a misspelt region.
func (m *mapping) region(key string, n need) string {
	value := m.get(key, n)
	if value == nil {
		return ""
	}
	if value.Kind == yaml.MappingNode {
		m.wrong(m.sub(key), "is a mapping, not a region", "the region alone, such as us-west-2, and the account, if it has one of its own, under accounts")
		return ""
	}
	if value.Value == OnPremises && value.Kind == yaml.ScalarNode {
		m.wrong(m.sub(key), "only the primary side can be on-premises", "an AWS region such as us-west-2")
		return ""
	}
	if s, ok := m.scalar(value, m.sub(key), regionName); ok {
		return s
	}
	return ""
}

// side is a region, or the word for a site that is none.
func (m *mapping) side(key string) string {
	if value := m.values[key]; value != nil && value.Kind == yaml.ScalarNode && value.Value == OnPremises {
		m.get(key, required)
		return OnPremises
	}
	return m.region(key, required)
}

// texts reads a list of different strings in a format.
func (m *mapping) texts(key string, n need, as format) []string {
	var all []string
	seen := map[string]bool{}
	for _, it := range m.list(key, n) {
		s, ok := m.scalar(it.Node, it.path, as)
		if ok && seen[s] {
			m.wrong(it.path, fmt.Sprintf("%q is in the list twice", s), "it once")
		}
		all, seen[s] = append(all, s), true
	}
	return all
}

// scalar reads one string; false when a finding says what is wrong with it.
func (f *file) scalar(n *yaml.Node, path string, as format) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		f.wrong(path, "is "+describe(n)+", not a text", "a text")
		return "", false
	}
	if n.ShortTag() != "!!str" {
		f.wrong(path, "is "+describe(n)+", not a text", strconv.Quote(shorten(n.Value))+" with its quotes")
		return "", false
	}
	if problem, instead := as(n.Value); problem != "" {
		f.wrong(path, problem, instead)
		return n.Value, false
	}
	return n.Value, true
}

// choice reads one of a few words.
func choice[T ~string](m *mapping, key string, n need, of []T) T {
	words := make([]string, len(of))
	for i, w := range of {
		words[i] = string(w)
	}
	return T(m.text(key, n, func(s string) (string, string) {
		if slices.Contains(words, s) {
			return "", ""
		}
		return fmt.Sprintf("%q is not a %s", shorten(s), cmp.Or(nouns[key], key)), oneOf(s, words)
	}))
}

// nouns are what a choice is of, where its field has no noun for a name.
var nouns = map[string]string{"by": "way to copy a database", "via": "way to shift traffic", "no-data": "vote", "unreadable": "vote"}

// count reads a whole number of at least least; zero when the field is absent.
func (m *mapping) count(key string, n need, least int) int {
	value := m.get(key, n)
	if value == nil {
		return 0
	}
	got, err := strconv.Atoi(value.Value)
	switch {
	case value.Kind != yaml.ScalarNode || value.ShortTag() != "!!int" || err != nil:
		m.wrong(m.sub(key), "is "+describe(value)+", not a whole number", fmt.Sprintf("%s: %d", key, max(least, 1)))
	case got < least:
		m.wrong(m.sub(key), fmt.Sprintf("%d is less than %d", got, least), fmt.Sprintf("%d or more", least))
	default:
		return got
	}
	return 0
}

// within reads a whole number within bounds; zero when the field is absent.
func (m *mapping) within(key string, n need, least, most int) int {
	got := m.count(key, n, least)
	if got > most {
		m.wrong(m.sub(key), fmt.Sprintf("%d is more than %d", got, most), fmt.Sprintf("%d or less", most))
		return 0
	}
	return got
}

// percent reads a number above 0, up to 100; zero when it is absent or wrong.
func (m *mapping) percent(key string, n need) float64 {
	return m.number(key, n, ", the number alone: it is in per cent", func(got float64) (string, string) {
		if got > 0 && got <= 100 { // NaN is not
			return "", ""
		}
		return "is no percentage of the data", "a number above 0, and at most 100"
	})
}

// number reads a number, of which as may say what is wrong; zero when it is absent
// or wrong. Unit completes what is proposed for a text.
func (m *mapping) number(key string, n need, unit string, as func(float64) (problem, instead string)) float64 {
	value := m.get(key, n)
	if value == nil {
		return 0
	}
	got, err := strconv.ParseFloat(value.Value, 64)
	if tag := value.ShortTag(); value.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || err != nil {
		m.wrong(m.sub(key), "is "+describe(value)+", not a number", key+": "+example(m.shape, key)+unit)
		return 0
	}
	if problem, instead := as(got); problem != "" {
		m.wrong(m.sub(key), shorten(value.Value)+" "+problem, instead)
		return 0
	}
	return got
}

// flag reads true or false; false when the field is absent.
func (m *mapping) flag(key string, n need) bool {
	value := m.get(key, n)
	if value == nil {
		return false
	}
	if value.Kind == yaml.ScalarNode && value.ShortTag() == "!!bool" {
		return strings.EqualFold(value.Value, "true")
	}
	instead := "true or false"
	switch strings.ToLower(value.Value) {
	case "yes", "on", "y", "1":
		instead = "true"
	case "no", "off", "n", "0":
		instead = "false"
	}
	m.wrong(m.sub(key), "is "+describe(value)+", not true or false", instead)
	return false
}

// duration reads a duration within bounds; zero when it is absent or wrong.
func (m *mapping) duration(key string, n need, least, most Duration) Duration {
	value := m.get(key, n)
	if value == nil {
		return 0
	}
	if value.Kind != yaml.ScalarNode {
		m.wrong(m.sub(key), "is "+describe(value)+", not a duration", "a duration such as 30m")
		return 0
	}
	d, problem, instead := parseDuration(value.Value)
	switch {
	case problem != "":
	case d < least:
		problem, instead = fmt.Sprintf("%s is less than %s", inDays(d), inDays(least)), inDays(least)+" or more"
	case d > most:
		problem, instead = fmt.Sprintf("%s is more than %s", inDays(d), inDays(most)), inDays(most)+" or less"
	default:
		return d
	}
	m.wrong(m.sub(key), problem, instead)
	return 0
}
