package retention

import (
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// tier keeps the newest set of each of the last count periods that have one.
// Periods are those of the UTC calendar, so that no pass and no clock shift
// moves a set from one to another.
type tier struct {
	name   string
	count  int
	period func(time.Time) int
	layout string // of the period's first day, in a reason
}

func tiers(keep plan.Keep) []tier {
	return []tier{
		{"hourly", keep.Hourly, func(t time.Time) int { return int(t.Unix() / (60 * 60)) }, "the hour from 2006-01-02 15:00Z"},
		{"daily", keep.Daily, day, "Monday 2006-01-02"},
		{"weekly", keep.Weekly, week, "the week from Monday 2006-01-02"},
		{"monthly", keep.Monthly, func(t time.Time) int { return t.UTC().Year()*12 + int(t.UTC().Month()) }, "January 2006"},
		{"yearly", keep.Yearly, func(t time.Time) int { return t.UTC().Year() }, "2006"},
	}
}

func day(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }

// week begins on Monday; 1 January 1970 was a Thursday.
func week(t time.Time) int { return (day(t) + 3) / 7 }

// keep walks the usable sets of one subject, newest first.
func (t tier) keep(usable []lineage.Group, keep reasons) {
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
		if _, ok := keep[group.ID]; !ok { // most have a reason already, and saying one takes time
			keep[group.ID] = reason{why: fmt.Sprintf("the newest of %s (%s %d of %d)", t.title(group.TakenAt), t.name, kept, t.count)}
		}
	}
}

// title names the period of a time.
func (t tier) title(at time.Time) string {
	at = at.UTC()
	if t.name == "weekly" {
		at = time.Unix(int64(week(at)*7-3)*24*60*60, 0).UTC()
	}
	return at.Format(t.layout)
}
