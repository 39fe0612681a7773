package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pilotlight/pilotlight/pkg/age"
)

// Points is how well a plan's sources are protected at one moment.
type Points struct {
	Plan     string            `json:"plan"`
	At       time.Time         `json:"at"`   // AWS's
	From     string            `json:"from"` // region that serves
	To       string            `json:"to"`   // region that copies go to
	Sources  []ProtectedSource `json:"sources"`
	Findings []string          `json:"findings,omitempty"`
	Unread   []string          `json:"unread,omitempty"` // what AWS did not answer, and what nobody knows because of it
	Judged   []JudgedPoint     `json:"judged,omitempty"`
	Orphans  []OrphanPoint     `json:"orphans,omitzero"` // nil: nobody asked
}

// ProtectedSource is one protected thing of one policy.
type ProtectedSource struct {
	Policy     string    `json:"policy"`
	Source     string    `json:"source"`
	Newest     time.Time `json:"newest,omitzero"` // zero: no usable point
	AgeSeconds float64   `json:"ageSeconds,omitempty"`
	RPOSeconds float64   `json:"rpoSeconds"`
	State      age.State `json:"state"`
	Usable     int       `json:"usable"`
	Due        time.Time `json:"due,omitzero"` // of the next point; zero: it comes without a pause, or nobody knows
	GiB        int       `json:"gib,omitempty"`
	Problem    string    `json:"problem,omitempty"`
}

// JudgedPoint is a recovery point and what retention says of it.
type JudgedPoint struct {
	Policy  string    `json:"policy"`
	Region  string    `json:"region"`
	Point   string    `json:"point"`
	Of      string    `json:"of"` // volume or policy
	TakenAt time.Time `json:"takenAt"`
	State   string    `json:"state"`
	Keep    bool      `json:"keep"`
	Reason  string    `json:"reason"`
}

// OrphanPoint is what Pilotlight made and no pass looks after.
type OrphanPoint struct {
	ID         string  `json:"id"`
	Region     string  `json:"region"`
	Policy     string  `json:"policy"`
	Kind       string  `json:"kind"`
	GiB        int     `json:"gib"`
	AgeSeconds float64 `json:"ageSeconds"`
	Reason     string  `json:"reason"`
	Advice     string  `json:"advice"`
}

// Good: every source is within its RPO, everything was read and nothing was found.
// An orphan costs money and endangers nothing.
func (p *Points) Good() bool {
	for _, s := range p.Sources {
		if s.State != age.OK {
			return false
		}
	}
	return len(p.Findings)+len(p.Unread) == 0
}

// WriteJSON writes all of it, for programs.
func (p *Points) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(p)
}

// Table writes what a person wants to know: every source, and in sentences what is
// not as it should be.
func (p *Points) Table(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintln(&out, p.sources())
	if len(p.Judged) > 0 {
		fmt.Fprintln(&out, p.judged())
	}
	if len(p.Orphans) > 0 {
		fmt.Fprintln(&out, p.orphans())
	}
	if p.Orphans != nil && len(p.Orphans) == 0 {
		fmt.Fprintln(&out, "✓ Every point that carries the plan's tags is looked after by a policy.")
	}
	for _, s := range p.Sources {
		if s.Problem != "" {
			fmt.Fprintf(&out, "%s %s %s: %s\n", s.mark(), s.Policy, s.Source, s.Problem)
		}
	}
	for _, finding := range append(p.Unread, p.Findings...) {
		fmt.Fprintf(&out, "✗ %s\n", finding)
	}
	if p.Good() {
		fmt.Fprintf(&out, "✓ Every source has a usable recovery point in %s within its RPO.\n", p.To)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (p *Points) sources() string {
	t := newTable(fmt.Sprintf("%s · %s → %s · %s", p.Plan, p.From, p.To, clockTime(p.At)),
		table.Row{"", "Policy", "Source", "Newest usable", "Age", "RPO", "State", "Usable", "Next due"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "Age", Align: text.AlignRight}, {Name: "RPO", Align: text.AlignRight}, {Name: "Usable", Align: text.AlignRight},
	})
	for _, s := range p.Sources {
		newest, old, due := "–", "–", "–"
		if !s.Newest.IsZero() {
			newest, old = clockTime(s.Newest), words(s.AgeSeconds)
		}
		switch {
		case s.Due.IsZero():
		case s.Due.After(p.At):
			due = clockTime(s.Due)
		default:
			due = "now"
		}
		t.AppendRow(table.Row{s.mark(), s.Policy, s.Source, newest, old, words(s.RPOSeconds), s.State, s.Usable, due})
	}
	return t.Render()
}

func (p *Points) judged() string {
	t := newTable("What retention would do now", table.Row{"", "Policy", "Region", "Point", "Of", "Data of", "State", "Reason"})
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "Reason", WidthMax: detailWidth, WidthMaxEnforcer: text.WrapSoft}})
	for _, j := range p.Judged {
		t.AppendRow(table.Row{cmp.Or(map[bool]string{true: "keep"}[j.Keep], "let go"), j.Policy, j.Region, j.Point, j.Of, clockTime(j.TakenAt), j.State, j.Reason})
	}
	return t.Render()
}

func (p *Points) orphans() string {
	t := newTable("What no pass looks after", table.Row{"Policy", "Region", "Point", "GiB", "Age", "Why", "What to do"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "Why", WidthMax: detailWidth, WidthMaxEnforcer: text.WrapSoft}, {Name: "What to do", WidthMax: detailWidth, WidthMaxEnforcer: text.WrapSoft},
	})
	for _, o := range p.Orphans {
		t.AppendRow(table.Row{o.Policy, o.Region, o.ID, o.GiB, words(o.AgeSeconds), o.Reason, o.Advice})
	}
	return t.Render()
}

func newTable(title string, header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(style())
	t.SetTitle(title)
	t.AppendHeader(header)
	return t
}

// mark: a source that is within its RPO and has a problem is not yet lost.
func (s ProtectedSource) mark() string {
	switch {
	case s.State != age.OK:
		return Failed.mark()
	case s.Problem != "":
		return Unfinished.mark()
	}
	return Done.mark()
}

func clockTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
