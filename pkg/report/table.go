package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// detailWidth keeps the table within a terminal of 100 columns.
const detailWidth = 36

// Table writes what a person at the terminal wants to know when a run is over:
// the steps, the objectives, and in sentences what was not as it should be.
func (r *Report) Table(w io.Writer) error {
	ok, problems := r.Verdict()
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s\n%s\n\n", r.steps(), r.objectives())
	for _, p := range problems {
		fmt.Fprintf(&out, "✗ %s\n", p)
	}
	if ok {
		fmt.Fprintf(&out, "✓ %s\n", r.headline())
	}
	for _, said := range r.remarks() {
		fmt.Fprintf(&out, "· %s\n", said)
	}
	if c := r.Caveat(); c != "" {
		fmt.Fprintf(&out, "  %s\n", c)
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write the table of %s: %w", r.Plan, err)
	}
	return nil
}

func (r *Report) steps() string {
	t := table.NewWriter()
	t.SetStyle(style())
	t.SetTitle(fmt.Sprintf("%s · %s · %s → %s", r.Plan, r.Scenario, r.Primary, r.Recovery))
	t.AppendHeader(table.Row{"", "Step", "Kind", "Took", "Detail"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "Took", Align: text.AlignRight},
		{Name: "Detail", WidthMax: detailWidth, WidthMaxEnforcer: text.WrapSoft},
	})
	for _, s := range r.Steps {
		took := s.took()
		if took == "" {
			took = string(s.Outcome)
		}
		t.AppendRow(table.Row{s.Outcome.mark(), s.Name, s.Kind, took, s.Detail})
	}
	return t.Render()
}

func (r *Report) objectives() string {
	t := table.NewWriter()
	t.SetStyle(style())
	t.AppendHeader(table.Row{"", "Objective", "Agreed", "Measured"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "Agreed", Align: text.AlignRight}, {Name: "Measured", Align: text.AlignRight},
	})
	t.AppendRow(table.Row{mark(r.RTO.Within()), "RTO: longest outage", words(r.RTO.ObjectiveSeconds), r.RTO.Measured()})
	t.AppendRow(table.Row{mark(r.RPO.Within()), "RPO: oldest data", words(r.RPO.ObjectiveSeconds), r.RPO.Measured()})
	return t.Render()
}

func style() table.Style {
	s := table.StyleRounded
	s.Format.Header = text.FormatDefault
	s.Options.SeparateRows = false
	return s
}

// headline is a good run in one sentence.
func (r *Report) headline() string {
	if r.RTO.Unneeded != "" {
		return fmt.Sprintf("%s: every check passed, nothing left over, and %s.", cmp.Or(string(r.End), "No result"), r.RTO.Unneeded)
	}
	return fmt.Sprintf("Recovered in %s with data %s old: every objective met, every check passed, nothing left over.",
		r.RTO.Measured(), r.RPO.Measured())
}

func (o Outcome) mark() string {
	switch o {
	case Done:
		return "✓"
	case Failed:
		return "✗"
	case Unfinished:
		return "!"
	case Skipped:
		return "–"
	}
	return "…"
}

func mark(ok bool) string {
	if ok {
		return Done.mark()
	}
	return Failed.mark()
}
