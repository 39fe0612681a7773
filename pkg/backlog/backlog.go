// Package backlog plans a pass: what is due to be taken, and which copies are
// missing, in the order in which their RPO would break.
//
// It is pure: the same world gives the same plan, in whatever order it is
// listed. It guarantees that a set whose copying has begun is finished before a
// newer one of the same source is begun, so that an overload leaves whole sets
// behind and not halves; and that a set which a newer complete one supersedes is
// not begun at all. It knows no quota: the caller starts as much as there are
// slots for.
package backlog

import (
	"cmp"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// Copies is what is missing on the other side.
type Copies struct {
	Wanted []lineage.Point // source points to copy, most urgent first; one a volume
	Held   int             // missing as well, but behind another copy of its volume, or failed a moment ago
	// Outstanding are the source points that must stay until their copy is
	// complete, by id: those missing, held and in flight.
	Outstanding map[string]bool
}

// Policy is what a policy says of its copies.
type Policy struct {
	Every time.Duration
	RPO   time.Duration
}

// Missing compares the source points of a policy with the copies that exist.
func Missing(sources, copies []lineage.Point, policy Policy, now time.Time) Copies {
	b := newBoard(copies, policy, now)
	var wanted []item
	outstanding := map[string]bool{}
	passed := map[string]bool{} // subjects whose newest whole set was passed
	for _, set := range lineage.Groups(sources) {
		if !set.Usable() || b.superseded(set) {
			continue
		}
		if passed[set.Subject] && !b.begun(set) {
			continue
		}
		passed[set.Subject] = true
		for _, p := range set.Points {
			if b.complete[p.ID] {
				continue
			}
			outstanding[p.ID] = true
			if !b.inFlight[p.ID] {
				wanted = append(wanted, item{p, set.TakenAt, b.deadline(set.Subject)})
			}
		}
	}
	slices.SortFunc(wanted, urgency)
	found := Copies{Outstanding: outstanding}
	for _, w := range wanted {
		if b.busy[w.Line()] || b.failedLately[w.ID] {
			found.Held++
			continue
		}
		b.busy[w.Line()] = true
		found.Wanted = append(found.Wanted, w.Point)
	}
	return found
}

type item struct {
	lineage.Point
	set      time.Time
	deadline time.Time
}

// urgency puts the earliest deadline first and, within a subject, the older set:
// it was begun, and is finished before the next.
func urgency(a, b item) int {
	return cmp.Or(
		a.deadline.Compare(b.deadline),
		cmp.Compare(a.Subject(), b.Subject()),
		a.set.Compare(b.set),
		cmp.Compare(a.Set, b.Set),
		cmp.Compare(a.Line(), b.Line()),
		cmp.Compare(a.ID, b.ID),
	)
}
