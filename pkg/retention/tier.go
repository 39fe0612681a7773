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
	period func(time.Time) int
	layout string // of the period in a reason
}

func tiers(keep plan.Keep) []tier {
	days := func(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }
	return []tier{
		{"hourly", keep.Hourly, func(t time.Time) int { return int(t.Unix() / (60 * 60)) }, "2006-01-02 15:00 UTC"},
		{"daily", keep.Daily, days, "2006-01-02"},
		// 1 January 1970 was a Thursday; weeks begin on Monday.
		{"weekly", keep.Weekly, func(t time.Time) int { return (days(t) + 3) / 7 }, "the week of 2006-01-02"},
		{"monthly", keep.Monthly, func(t time.Time) int { return t.UTC().Year()*12 + int(t.UTC().Month()) }, "2006-01"},
		{"yearly", keep.Yearly, func(t time.Time) int { return t.UTC().Year() }, "2006"},
	}
}

// keep walks the usable sets of one subject, newest first.
func (t tier) keep(usable []lineage.Group, keep map[string]string) {
	last, kept := 0, 0
	for _, group := range usable {
		period := t.period(group.TakenAt)
		if kept > 0 && period == last {
			continue
		}
		if kept == t.count {
			return
		}
		last = period
		kept++
		if keep[group.ID] == "" {
			keep[group.ID] = fmt.Sprintf("%s %d of %d: newest of %s", t.name, kept, t.count, group.TakenAt.UTC().Format(t.layout))
		}
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
