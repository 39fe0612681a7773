package backlog

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// What AWS grants to the copies between two regions; pkg/plan, which says before
// there is a copy whether a policy can be met, has where that comes from.
const (
	Speed    = plan.CopySpeed    // MiB/s of one
	Together = plan.CopyTogether // MiB/s of all
	Slots    = plan.CopySlots    // copies in flight to one destination region
	setup    = time.Duration(plan.CopySetup)
)

// tenth is how much of a volume is thought to travel again after its first copy,
// of which nothing is known but that it carried everything. Practice: a few per
// cent change a day. Too much would be worse than too little, because what seems
// to cost most is what an overload puts last.
const tenth = 10

// takes guesses how long the copy of a source point takes on best effort. A copy
// carries what changed since the one before, and nothing that AWS lists says how
// much that is. But the one before tells how long it took, among the others that
// were in flight, for the changes of its own interval; changes are taken to grow
// with time. Without one, everything has to travel, at a slot's share.
func (b *board) takes(p lineage.Point) time.Duration {
	whole := setup + transfer(p.SizeGiB, Together/Slots)
	last, ok := b.past[p.Line()]
	switch {
	case !ok:
		return whole
	case last.took == 0, last.before.IsZero() && last.took >= transfer(p.SizeGiB, Speed):
		return setup + (whole-setup)/tenth // the one before may have been the first
	}
	interval := b.policy.Every
	if !last.before.IsZero() {
		interval = max(last.taken.Sub(last.before), time.Second)
	}
	grown := max(1, float64(p.TakenAt.Sub(last.taken))/float64(interval))
	took := time.Duration(float64(last.took) * grown)
	if p.SizeGiB > 0 {
		took = min(took, max(whole, last.took))
	}
	return took
}

// ahead is how long the copies in flight still take, one after the other.
func (b *board) ahead(copies []lineage.Point, now time.Time) time.Duration {
	var sum time.Duration
	for _, c := range copies {
		if c.State == lineage.Pending {
			sum += max(b.takes(c)-now.Sub(c.Started), 0)
		}
	}
	return sum
}

// transfer is how long so much data takes at a speed in MiB/s.
func transfer(gib, speed int) time.Duration {
	return time.Duration(gib) * 1024 * time.Second / time.Duration(speed)
}
