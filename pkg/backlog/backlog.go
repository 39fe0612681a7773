// Package backlog plans a pass: what is due to be taken, which copies are
// missing, and which of them are begun now.
//
// It is pure: the same world gives the same plan, in whatever order it is
// listed. It guarantees that a set whose copying has begun is finished before a
// newer one of the same source is begun, so that an overload leaves whole sets
// behind and not halves; that a set which a newer complete one supersedes is not
// begun at all; that no more is begun than there are slots for; and that what is
// not begun is planned again from what AWS shows, so that nothing can be lost.
// How long a copy takes it can only guess, from the one before.
package backlog

import (
	"cmp"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// Copies is what is missing on the other side.
type Copies struct {
	Wanted []Copy // to begin, most urgent first; one a volume
	Held   int    // missing as well, but behind another copy of its volume, or failed a moment ago
	// Outstanding are the source points that must stay until their copy is
	// complete, by id: those missing, held and in flight.
	Outstanding map[string]bool

	every time.Duration
	rpo   time.Duration
	ahead time.Duration // what the copies in flight still take, one after the other
}

// Copy is a copy to begin.
type Copy struct {
	lineage.Point               // the source point
	Deadline      time.Time     // when the RPO of its subject breaks; zero: no point of it has arrived yet
	Takes         time.Duration // how long it is thought to take on best effort

	// Within is the duration to ask AWS for; zero: best effort.
	Within time.Duration
}

// begin is the latest moment to begin the copy, if it is to make its deadline.
func (c Copy) begin() time.Time {
	if c.Deadline.IsZero() {
		return c.Deadline
	}
	return c.Deadline.Add(-c.Takes)
}

// Policy is what a policy says of its copies.
type Policy struct {
	Every time.Duration
	RPO   time.Duration
}

// Missing compares the source points of a policy with the copies that exist. The
// most urgent copy is the one that has to begin first for its RPO not to break.
func Missing(sources, copies []lineage.Point, policy Policy, now time.Time) Copies {
	b := newBoard(copies, policy, now)
	found := Copies{Outstanding: map[string]bool{}, every: policy.Every, rpo: policy.RPO, ahead: b.ahead(copies, now)}
	var wanted []Copy
	passed := map[string]bool{} // subjects whose newest whole set was passed
	for _, set := range lineage.Groups(sources) {
		if !set.Usable() || b.superseded(set) {
			continue
		}
		if passed[set.Subject] && !b.finishes(set) {
			continue
		}
		passed[set.Subject] = true
		for _, p := range set.Points {
			if b.complete[p.ID] {
				continue
			}
			found.Outstanding[p.ID] = true
			if !b.inFlight[p.ID] {
				wanted = append(wanted, Copy{Point: p, Deadline: b.deadline(set.Subject), Takes: b.takes(p)})
			}
		}
	}
	slices.SortFunc(wanted, inLine)
	for _, c := range wanted {
		if b.busy[c.Line()] || b.failedLately[c.ID] {
			found.Held++
			continue
		}
		b.busy[c.Line()] = true
		found.Wanted = append(found.Wanted, c)
	}
	slices.SortFunc(found.Wanted, urgency)
	return found
}

// inLine puts the older set of a volume first: it was begun, and is finished
// before the next.
func inLine(a, b Copy) int {
	return cmp.Or(cmp.Compare(a.Line(), b.Line()), a.TakenAt.Compare(b.TakenAt), cmp.Compare(a.ID, b.ID))
}

func urgency(a, b Copy) int {
	return cmp.Or(
		a.begin().Compare(b.begin()),
		cmp.Compare(a.Subject(), b.Subject()),
		a.TakenAt.Compare(b.TakenAt),
		cmp.Compare(a.Line(), b.Line()),
		cmp.Compare(a.ID, b.ID),
	)
}
