// Package matrix is what rehearsals of every plan in every game day have measured,
// as a list for machines and a page for people.
//
// It guarantees that the page says the same of measurements that differ little: its
// times are rounded up to a minute, and everything has a fixed order. The list has
// them to the second. It plays nothing itself.
package matrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Row is one plan in one scenario. RTO and RPO are whole seconds; nil: not measured.
type Row struct {
	Plan      string        `json:"plan"`
	Strategy  plan.Strategy `json:"strategy"`
	Scenario  string        `json:"scenario"`
	End       run.End       `json:"end"` // empty: the run did not end
	RTO       *float64      `json:"rto"`
	RPO       *float64      `json:"rpo"`
	Leftovers []string      `json:"leftovers"`

	// Objectives in seconds, and what was not as it should be and does not show in the row: for the page alone.
	Agreed   [2]float64 `json:"-"`
	Problems []string   `json:"-"`
}

// Pass is a pair that was not played, and why.
type Pass struct{ Plan, Scenario, Why string }

// RowOf is a report as a row.
func RowOf(r *report.Report) Row {
	_, problems := r.Verdict()
	problems = slices.DeleteFunc(problems, func(p string) bool { return strings.HasPrefix(p, "The RTO is") || strings.HasPrefix(p, "The RPO is") })
	row := Row{
		Plan: r.Plan, Strategy: plan.Strategy(r.Strategy), Scenario: r.Scenario, End: r.End,
		RTO: whole(r.RTO.MeasuredSeconds), RPO: whole(r.RPO.MeasuredSeconds), Leftovers: r.Leftovers,
		Agreed: [2]float64{r.RTO.ObjectiveSeconds, r.RPO.ObjectiveSeconds}, Problems: problems,
	}
	if r.Scenario == rehearsal.Drill {
		row.RTO, row.RPO = nil, nil // it takes users nowhere
	}
	if row.Leftovers == nil {
		row.Leftovers = []string{}
	}
	return row
}

func whole(seconds *float64) *float64 {
	if seconds == nil {
		return nil
	}
	rounded := math.Round(*seconds)
	return &rounded
}

// Chain are scenarios that one simulated AWS can be given one after the other,
// because each leaves the next what it needs.
type Chain []string

// chains hold every scenario once. After a power loss there is something to go back
// from; a mistake comes after what it would spoil for others.
var chains = []Chain{
	{rehearsal.PowerLoss, rehearsal.Failback},
	{rehearsal.ISPLoss},
	{rehearsal.Malware},
	{rehearsal.Drill, rehearsal.UserError},
}

// Pairs are the chains that can be played of a plan, and the pairs that cannot.
func Pairs(p *plan.Plan) (played []Chain, passed []Pass) {
	for _, chain := range chains {
		var fit Chain
		for _, scenario := range chain {
			if why := rehearsal.Unfit(p, scenario, fit...); why != "" {
				passed = append(passed, Pass{p.Name, scenario, why})
				continue
			}
			fit = append(fit, scenario)
		}
		if len(fit) > 0 {
			played = append(played, fit)
		}
	}
	return played, passed
}

// strategies from the slowest to the fastest.
var strategies = []plan.Strategy{plan.BackupRestore, plan.PilotLight, plan.WarmStandby, plan.MultiSite}

// Sort puts rows in the page's order.
func Sort(rows []Row) {
	place := func(scenario string) int { return slices.Index(rehearsal.Scenarios(), scenario) }
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(
			cmp.Compare(slices.Index(strategies, a.Strategy), slices.Index(strategies, b.Strategy)),
			cmp.Compare(a.Plan, b.Plan), cmp.Compare(place(a.Scenario), place(b.Scenario)))
	})
}

// WriteJSON writes the rows as a list.
func WriteJSON(w io.Writer, rows []Row) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	if err := out.Encode(rows); err != nil {
		return fmt.Errorf("write the matrix: %w", err)
	}
	return nil
}
