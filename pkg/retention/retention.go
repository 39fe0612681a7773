// Package retention says which recovery points may go, each with the reason an
// operator reads at 3 a.m.
//
// It guarantees that a set is kept or let go as a whole, and that the newest
// usable point of a source, a point in use, one that a run pinned, one that AWS
// is still making and one whose copy is outstanding are never let go. It deletes
// nothing: the caller marks, and deletes on a later pass (Moves).
package retention

import (
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Grace is how long a marked point lives on. A day: whoever was paged by a wrong
// retention, or shortened it by mistake, is awake once before anything is gone,
// and no run that was opened between listing and deleting loses its point.
const Grace = 24 * time.Hour

// newest is how many sets of a subject outlive every tier while its RPO is
// broken, and how many unfinished ones are kept beside the usable ones. Two: the
// one that recovery would use and the one before, in case that one is bad.
// Older ones still go, because a full quota would stop new points for ever.
const newest = 2

// Rules are what a policy says.
type Rules struct {
	Keep plan.Keep
	RPO  time.Duration // zero: never broken
}

// Guards are points, by id, that stay whatever the rules say. A guarded point
// keeps its whole set. Nil maps guard nothing.
type Guards struct {
	InUse  map[string]bool // something would break without it: a launch template, a parameter
	Pinned map[string]bool // a run uses it
	Copied map[string]bool // its copy is in flight, or yet to be made
}

// Verdict is what becomes of one point.
type Verdict struct {
	Point  lineage.Point
	Keep   bool
	Reason string
}

// Select judges every point of one region, sets newest first. It is idempotent
// (what it would keep does not depend on what it lets go being there) and does
// not depend on the order of the points.
func Select(points []lineage.Point, rules Rules, now time.Time, guards Guards) []Verdict {
	groups := lineage.Groups(points)
	keep := map[string]string{} // set → reason
	for _, subject := range bySubject(groups) {
		rules.keep(subject, now, keep)
	}
	keepNewest(groups, keep)

	verdicts := make([]Verdict, 0, len(points))
	for _, group := range groups {
		reason, kept := keep[group.ID]
		if why := guards.of(group); why != "" {
			reason, kept = why, true
		}
		if !kept {
			reason = refuse(group, rules.Keep)
		}
		for _, p := range group.Points {
			verdicts = append(verdicts, Verdict{p, kept, reason})
		}
		for _, p := range group.Spare {
			verdicts = append(verdicts, spare(p, now, guards))
		}
	}
	return verdicts
}

// bySubject keeps the order of the groups, newest first, within each subject.
func bySubject(groups []lineage.Group) map[string][]lineage.Group {
	subjects := map[string][]lineage.Group{}
	for _, group := range groups {
		if len(group.Points) > 0 {
			subjects[group.Subject] = append(subjects[group.Subject], group)
		}
	}
	return subjects
}

// keep notes the sets of one subject, newest first, that the rules want.
func (r Rules) keep(groups []lineage.Group, now time.Time, keep map[string]string) {
	usable := slices.DeleteFunc(slices.Clone(groups), func(g lineage.Group) bool { return !g.Usable() })
	for _, tier := range tiers(r.Keep) {
		tier.keep(usable, keep)
	}
	if r.RPO > 0 && (len(usable) == 0 || now.Sub(usable[0].TakenAt) > r.RPO) {
		for _, group := range usable[:min(newest, len(usable))] {
			note(keep, group.ID, "the RPO is broken: the newest two stay")
		}
	}
	if len(usable) > 0 {
		note(keep, usable[0].ID, "newest usable set of "+usable[0].Subject)
	}
	unfinished := 0
	for _, group := range groups {
		superseded := len(usable) > 0 && group.TakenAt.Before(usable[0].TakenAt)
		switch {
		case group.Pending():
			note(keep, group.ID, "AWS is still making it")
		case !group.Usable() && !superseded && unfinished < newest:
			unfinished++
			note(keep, group.ID, "not whole yet, and nothing whole is newer")
		}
	}
}

// keepNewest keeps the newest usable point of every volume, also of one that
// newer sets of its instance do not hold any more, because it was detached.
func keepNewest(groups []lineage.Group, keep map[string]string) {
	seen := map[string]bool{}
	for _, group := range groups {
		if !group.Usable() {
			continue
		}
		for _, p := range group.Points {
			if !seen[p.Line()] {
				seen[p.Line()] = true
				note(keep, group.ID, "newest usable point of "+p.Line())
			}
		}
	}
}

func (g Guards) of(group lineage.Group) string {
	for _, p := range group.Points {
		if why := g.ofPoint(p); why != "" {
			return why
		}
	}
	return ""
}

func (g Guards) ofPoint(p lineage.Point) string {
	switch {
	case g.Pinned[p.ID]:
		return p.ID + " is pinned by a run"
	case g.InUse[p.ID]:
		return p.ID + " is in use"
	case g.Copied[p.ID]:
		return "the copy of " + p.ID + " is outstanding"
	}
	return ""
}

// spare judges a failed point or a duplicate: alone, because its set does not
// need it.
func spare(p lineage.Point, now time.Time, guards Guards) Verdict {
	if why := guards.ofPoint(p); why != "" {
		return Verdict{p, true, why}
	}
	switch {
	case p.State == lineage.Failed && now.Sub(p.Started) < lineage.Pause:
		return Verdict{p, true, "it failed a moment ago, and the next attempt waits that long"}
	case p.State == lineage.Failed:
		return Verdict{p, false, "AWS could not complete it: it holds no data"}
	case p.State == lineage.Pending:
		return Verdict{p, true, "AWS is still making it"}
	default:
		return Verdict{p, false, fmt.Sprintf("duplicate: set %s holds another point of %s", p.Set, p.Line())}
	}
}

func refuse(group lineage.Group, keep plan.Keep) string {
	if !group.Usable() {
		return "never became whole, and a newer set is"
	}
	return "older than every tier keeps: " + describe(keep)
}

// note keeps the first reason: the tiers explain most.
func note(keep map[string]string, set, reason string) {
	if _, ok := keep[set]; !ok {
		keep[set] = reason
	}
}
