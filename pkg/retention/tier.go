package retention

import (
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// tier keeps the newest set of each of the last Count periods that have one.
// Periods are those of the UTC calendar, so that no pass and no clock shift
// moves a set from one to another.
type tier struct {
	name   string
	count  int
	period func(time.Time) string
}

func tiers(keep plan.Keep) []tier {
	layout := func(layout string) func(time.Time) string {
		return func(t time.Time) string { return t.UTC().Format(layout) }
	}
	return []tier{
		{"hourly", keep.Hourly, layout("2006-01-02 15h")},
		{"daily", keep.Daily, layout("2006-01-02")},
		{"weekly", keep.Weekly, func(t time.Time) string {
			year, week := t.UTC().ISOWeek()
			return fmt.Sprintf("%d week %d", year, week)
		}},
		{"monthly", keep.Monthly, layout("2006-01")},
		{"yearly", keep.Yearly, layout("2006")},
	}
}

// keep walks the usable sets of one subject, newest first.
func (t tier) keep(usable []lineage.Group, keep map[string]string) {
	last, kept := "", 0
	for _, group := range usable {
		period := t.period(group.TakenAt)
		if period == last {
			continue
		}
		if kept++; kept > t.count {
			return
		}
		last = period
		note(keep, group.ID, fmt.Sprintf("%s %d of %d: newest of %s", t.name, kept, t.count, period))
	}
}

func describe(keep plan.Keep) string {
	var said []string
	for _, tier := range tiers(keep) {
		if tier.count > 0 {
			said = append(said, fmt.Sprintf("%d %s", tier.count, tier.name))
		}
	}
	if said == nil {
		return "the newest alone"
	}
	return strings.Join(said, ", ")
}
