package front

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// member reads the list prefix.1suffix, prefix.2suffix, … of a query-protocol request.
func member(form url.Values, prefix, suffix string) []string {
	var values []string
	for i := 1; ; i++ {
		name := prefix + "." + strconv.Itoa(i) + suffix
		if !form.Has(name) {
			return values
		}
		values = append(values, form.Get(name))
	}
}

// filter is one Filter of an EC2 Describe: any of its values must match.
type filter struct {
	name   string
	values []string
}

var filterParameter = regexp.MustCompile(`^Filter\.\d+\.`)

// withhold takes the filters that concern into away from a form, so that they are
// applied to what the front answers and not to what moto believes.
func withhold(form url.Values, concern func(name string) bool) []filter {
	var ours, theirs []filter
	for i := 1; form.Has("Filter." + strconv.Itoa(i) + ".Name"); i++ {
		prefix := "Filter." + strconv.Itoa(i)
		f := filter{name: form.Get(prefix + ".Name"), values: member(form, prefix+".Value", "")}
		if concern(f.name) {
			ours = append(ours, f)
		} else {
			theirs = append(theirs, f)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	for name := range form {
		if filterParameter.MatchString(name) {
			form.Del(name)
		}
	}
	for i, f := range theirs {
		prefix := "Filter." + strconv.Itoa(i+1)
		form.Set(prefix+".Name", f.name)
		for j, v := range f.values {
			form.Set(prefix+".Value."+strconv.Itoa(j+1), v)
		}
	}
	return ours
}

// matches reports whether any of an item's values matches, * and ? being wildcards.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func (f filter) matches(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		return slices.ContainsFunc(f.values, func(pattern string) bool {
			ok, err := path.Match(pattern, v)
			return ok && err == nil
		})
	})
}

// text is the trimmed text at a path under an element; "" when there is none.
func text(e *etree.Element, path string) string {
	if found := e.FindElement(path); found != nil {
		return strings.TrimSpace(found.Text())
	}
	return ""
}

// put sets the text of a child, which is made when it is missing.
func put(e *etree.Element, tag, value string) {
	child := e.SelectElement(tag)
	if child == nil {
		child = e.CreateElement(tag)
	}
	child.SetText(value)
}

// texts are the texts of all elements at a path.
func texts(e *etree.Element, path string) []string {
	var all []string
	for _, found := range e.FindElements(path) {
		all = append(all, strings.TrimSpace(found.Text()))
	}
	return all
}
