// Package retention says which recovery points may go, each with the reason an
// operator reads at 3 a.m.
//
// It guarantees that a set is kept or let go as a whole, and that the newest
// usable point of a source, a point in use, one that a run pinned, one that is
// locked, one that AWS is still making and one whose copy is outstanding are never
// let go. It deletes nothing: the caller marks, and deletes on a later pass (Moves).
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
const Grace = time.Duration(plan.Grace)

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
	// Locked are the points that AWS lets nobody delete before that time. Marking one
	// would promise a deletion that cannot be. Zero: AWS does not say until when.
	Locked map[string]time.Time
}

// Verdict is what becomes of one point.
type Verdict struct {
	Point  lineage.Point
	Keep   bool
	Reason string    // for a person: which rule, and until when, if that is known; all times are UTC
	Until  time.Time // when what keeps it ends, or when it may be deleted; zero: not known
}

// Select judges every point of one region, sets newest first. It is idempotent
// (what it would keep does not depend on what it lets go being there) and does
// not depend on the order of the points.
func Select(points []lineage.Point, rules Rules, now time.Time, guards Guards) []Verdict {
	groups := lineage.Groups(points)
	keep := reasons{}
	for _, subject := range bySubject(groups) {
		rules.keep(subject, now, keep)
	}
	keepNewest(groups, keep)
	rules.keepYoung(groups, now, keep)

	verdicts := make([]Verdict, 0, len(points))
	old := "no rule keeps it (" + describe(rules.Keep) + ")"
	for _, group := range groups {
		why, kept := guards.of(group.Points)
		if !kept {
			why, kept = keep[group.ID]
		}
		if !kept {
			why, kept = guards.locked(group.Points, now)
		}
		switch {
		case kept:
			verdicts = why.stays(group.Points, verdicts)
		case !group.Usable():
			verdicts = goes(group.Points, "its set never became whole, and a newer one is", now, verdicts)
		default:
			verdicts = goes(group.Points, old, now, verdicts)
		}
		for i := range group.Spare {
			verdicts = spare(group.Spare[i:i+1], now, guards, verdicts)
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
func (r Rules) keep(groups []lineage.Group, now time.Time, keep reasons) {
	usable := slices.DeleteFunc(slices.Clone(groups), func(g lineage.Group) bool { return !g.Usable() })
	for _, tier := range tiers(r.Keep) {
		tier.keep(usable, keep)
	}
	for i := range min(r.Keep.Last, len(usable)) {
		keep.note(usable[i].ID, reason{why: fmt.Sprintf("number %d of the newest %d (last %d)", i+1, r.Keep.Last, r.Keep.Last)})
	}
	if len(usable) > 0 {
		if broken := usable[0].TakenAt.Add(r.RPO); r.RPO > 0 && now.After(broken) {
			for _, group := range usable[:min(newest, len(usable))] {
				keep.note(group.ID, reason{why: fmt.Sprintf("the RPO of %s is broken since %s, and until it is met the newest %d sets stay",
					plan.Duration(r.RPO), broken.UTC().Format(minute), newest)})
			}
		}
		keep.note(usable[0].ID, reason{why: "the newest usable set of " + usable[0].Subject})
	}
	unfinished := 0
	for _, group := range groups {
		superseded := len(usable) > 0 && group.TakenAt.Before(usable[0].TakenAt)
		switch {
		case group.Pending():
			keep.note(group.ID, reason{why: "AWS is still making it"})
		case !group.Usable() && !superseded && unfinished < newest:
			unfinished++
			keep.note(group.ID, reason{why: "its set is not whole yet, and no newer one is"})
		}
	}
}

// keepNewest keeps the newest usable point of every volume, also of one that
// newer sets of its instance do not hold any more, because it was detached.
func keepNewest(groups []lineage.Group, keep reasons) {
	seen := map[string]bool{}
	for _, group := range groups {
		if !group.Usable() {
			continue
		}
		for _, p := range group.Points {
			if !seen[p.Line()] {
				seen[p.Line()] = true
				keep.note(group.ID, reason{why: "the newest usable point of " + p.Line() + ", which no newer set holds"})
			}
		}
	}
}

// keepYoung keeps what is younger than the policy says, whole or not: half a set
// of this morning is a disk more than none.
func (r Rules) keepYoung(groups []lineage.Group, now time.Time, keep reasons) {
	for _, group := range groups {
		if end := group.TakenAt.Add(r.Keep.Within.D()); r.Keep.Within > 0 && now.Before(end) {
			keep.note(group.ID, reason{"younger than " + r.Keep.Within.String() + " (within)", end})
		}
	}
}

// of is the guard that stands before one of the points of a set.
func (g Guards) of(points []lineage.Point) (reason, bool) {
	for _, p := range points {
		switch {
		case g.Pinned[p.ID]:
			return reason{why: p.ID + " is pinned: a run of the plan uses it"}, true
		case g.InUse[p.ID]:
			return reason{why: p.ID + " is in use: a launch template or a parameter names it"}, true
		case g.Copied[p.ID]:
			return reason{why: p.ID + " is yet to be copied to the other side, or its copy is in flight"}, true
		}
	}
	return reason{}, false
}

// locked is the lock of these points that ends last. It is asked last: what a
// rule keeps says so, and stays when the lock has ended.
func (g Guards) locked(points []lineage.Point, now time.Time) (why reason, locked bool) {
	for _, p := range points {
		until, ok := g.Locked[p.ID]
		if !ok || !until.IsZero() && !now.Before(until) {
			continue
		}
		if until.IsZero() {
			return reason{why: p.ID + " is locked, and AWS does not say until when"}, true
		}
		if until.After(why.until) {
			why = reason{p.ID + " is locked until then", until}
		}
		locked = true
	}
	return why, locked
}

// spare judges one failed point or duplicate: alone, because its set does not
// need it.
func spare(one []lineage.Point, now time.Time, guards Guards, verdicts []Verdict) []Verdict {
	p := one[0]
	why, kept := guards.of(one)
	if !kept {
		why, kept = guards.locked(one, now)
	}
	next := p.Started.Add(lineage.Pause)
	switch {
	case kept:
		return why.stays(one, verdicts)
	case p.State == lineage.Failed && now.Before(next):
		return reason{"AWS could not complete it, and the next attempt waits until then", next}.stays(one, verdicts)
	case p.State == lineage.Failed:
		return goes(one, "AWS could not complete it, so it holds no data", now, verdicts)
	case p.State == lineage.Pending:
		return reason{why: "AWS is still making it"}.stays(one, verdicts)
	}
	return goes(one, "it is a duplicate: set "+p.Set+" holds another point of "+p.Line(), now, verdicts)
}
