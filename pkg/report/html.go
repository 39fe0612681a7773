package report

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"time"
)

//go:embed page
var files embed.FS

var page = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"words":   words,
	"moment":  moment,
	"instant": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"linked":  linked,
	"mark":    mark,
	"took":    Step.took,
	"glyph":   Outcome.mark,
	"count":   count,
	"n":       func(v float64) string { return fmt.Sprintf("%.1f", v) },
}).ParseFS(files, "page/report.html"))

// view is a report with what the page says about it.
type view struct {
	*Report
	Style    template.CSS
	OK       bool
	Found    []string // problems
	Headline string
	Chart    *chart
	Gauges   []gauge
	Roles    []role
	Hung     int
	Remarks  []string
}

// gauge is a measure as two bars on one scale.
type gauge struct {
	Name, What string
	Measure
	Agreed, Share float64 // of the scale's width, percent
	Spare         string
}

type role struct {
	Name            string
	Outside         bool
	Calls           []Call
	Total, Mutating int
}

// WriteHTML writes a page that needs no other file and no network, and that
// prints.
func (r *Report) WriteHTML(w io.Writer) error {
	style, err := files.ReadFile("page/report.css")
	if err != nil {
		return fmt.Errorf("write the page of %s: %w", r.Plan, err)
	}
	ok, found := r.Verdict()
	v := view{
		Report: r, Style: template.CSS(style), OK: ok, Found: found, Headline: r.title(),
		Chart: r.timeline(), Roles: r.roles(), Remarks: r.remarks(),
		Gauges: []gauge{
			newGauge("RTO", "how long users were without the application", r.RTO),
			newGauge("RPO", "how old the data was that came back", r.RPO),
		},
	}
	for _, c := range r.Calls {
		v.Hung += c.Hung
	}
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("write the page of %s: %w", r.Plan, err)
	}
	return nil
}

func (r *Report) title() string {
	if r.RTO.MeasuredSeconds == nil {
		return cmp.Or(string(r.End), "No result")
	}
	return fmt.Sprintf("%s in %s", cmp.Or(string(r.End), "No result, back"), r.RTO.Measured())
}

func newGauge(name, what string, m Measure) gauge {
	g := gauge{Name: name, What: what, Measure: m, Agreed: 100}
	if m.MeasuredSeconds == nil {
		return g
	}
	measured := *m.MeasuredSeconds
	whole := max(measured, m.ObjectiveSeconds)
	if whole <= 0 {
		return g
	}
	g.Agreed, g.Share = 100*m.ObjectiveSeconds/whole, 100*measured/whole
	if spare := m.ObjectiveSeconds - measured; spare >= 0 {
		g.Spare = words(spare) + " to spare"
	} else {
		g.Spare = words(-spare) + " too long"
	}
	return g
}

// roles groups the calls, which come in any order; those from outside are last.
func (r *Report) roles() []role {
	calls := slices.SortedFunc(slices.Values(r.Calls), func(a, b Call) int {
		return cmp.Or(last(a.Outside, b.Outside), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Action, b.Action), cmp.Compare(a.Region, b.Region))
	})
	var roles []role
	for _, c := range calls {
		if n := len(roles); n == 0 || roles[n-1].Name != c.Role {
			roles = append(roles, role{Name: c.Role, Outside: c.Outside})
		}
		current := &roles[len(roles)-1]
		current.Calls = append(current.Calls, c)
		current.Total += c.Count
		if c.Mutating {
			current.Mutating += c.Count
		}
	}
	return roles
}

// last orders what is so after what is not.
func last(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

var address = regexp.MustCompile(`https://[^\s;,)]*[^\s;,).:]`)

// linked is text in which each https URL is a link that names its last part.
func linked(text string) template.HTML {
	var out []byte
	at := 0
	for _, m := range address.FindAllStringIndex(text, -1) {
		url := template.HTMLEscapeString(text[m[0]:m[1]])
		out = append(out, template.HTMLEscapeString(text[at:m[0]])...)
		out = append(out, `<a href="`+url+`">`+url+`</a>`...)
		at = m[1]
	}
	return template.HTML(append(out, template.HTMLEscapeString(text[at:])...))
}
