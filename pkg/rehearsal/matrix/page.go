package matrix

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

const head = `<!-- written by make rehearse-all: change pkg/rehearsal/matrix, not this page -->
# The four strategies, measured

Every plan in ` + "`plans/`" + ` that answers a game day, played by ` + "`make rehearse-all`" + ` in a simulated AWS: the real functions, the real state machines, a shopper who
asks for a page every second. **RTO** is how long he was without one; **RPO** is how old the data was that came back, when disaster struck. Both are rounded up to a
minute. They rest on the modelled durations [below](#modelled-durations): a rehearsal shows that a plan works and how its steps add up, and how long AWS takes on the
day only a drill with your own data can show.

| strategy | plan | game day | end | RTO (agreed) | RPO (agreed) | left over |
|---|---|---|---|---|---|---|
`

// WritePage writes the page for people.
func WritePage(w io.Writer, rows []Row, passed []Pass, modelled []front.Row) error {
	var out strings.Builder
	out.WriteString(head)
	for _, r := range rows {
		end := string(r.End)
		if end == "" {
			end = "none"
		}
		fmt.Fprintf(&out, "| %s | [%s](../plans/%s.yaml) | %s | %s | %s | %s | %s |\n", r.Strategy, r.Plan, r.Plan, r.Scenario, end,
			measured(r.RTO, r.Agreed[0]), measured(r.RPO, r.Agreed[1]), left(r.Leftovers))
	}
	out.WriteString(told(rows))
	out.WriteString("\nA drill takes no users anywhere and leaves nothing, so neither is measured; what it shows is that every step works on copies and is taken back.\n")
	out.WriteString("\n## What was not played, and why\n\n| plan | game day | why |\n|---|---|---|\n")
	for _, p := range passed {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", p.Plan, p.Scenario, p.Why)
	}
	out.WriteString("\n## Modelled durations\n\n| what | takes | where the figure comes from |\n|---|---|---|\n")
	for _, m := range modelled {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", m.Name, m.Duration, m.Source)
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write the page of strategies: %w", err)
	}
	return nil
}

// measured rounds up to a minute: two rehearsals of the same thing differ by some seconds.
func measured(seconds *float64, agreed float64) string {
	if seconds == nil {
		return fmt.Sprintf("– (%s)", spoken(agreed))
	}
	mark := ""
	if *seconds > agreed {
		mark = " ✗"
	}
	return fmt.Sprintf("%s%s (%s)", spoken(math.Ceil(*seconds/60)*60), mark, spoken(agreed))
}

func spoken(seconds float64) string {
	switch whole := int(seconds); {
	case whole >= 2*60*60 && whole%(60*60) == 0:
		return fmt.Sprintf("%d h", whole/(60*60))
	case whole%60 == 0:
		return fmt.Sprintf("%d min", whole/60)
	default:
		return fmt.Sprintf("%d s", whole)
	}
}

func left(things []string) string {
	if len(things) == 0 {
		return "nothing"
	}
	return strings.Join(things, "; ")
}

// told are the problems of the rows that had any.
func told(rows []Row) string {
	var out strings.Builder
	for _, r := range rows {
		for _, problem := range r.Problems {
			fmt.Fprintf(&out, "* **%s, %s:** %s\n", r.Plan, r.Scenario, problem)
		}
	}
	if out.Len() == 0 {
		return ""
	}
	return "\n## What was not as it should be\n\n" + out.String()
}
