package backlog

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// board is the state of the copies: by source point, by volume, by subject.
type board struct {
	policy       Policy
	complete     map[string]bool      // source point → its copy is complete
	inFlight     map[string]bool      // source point → its copy is being made
	failed       map[string]bool      // set → a copy of it failed and is still there to tell
	failedLately map[string]bool      // source point → its copy failed a moment ago
	busy         map[string]bool      // volume → a copy is being made
	reached      map[string]time.Time // subject → data of the newest usable set
	past         map[string]past      // volume → its newest complete copies
}

// past are the two newest complete copies of a volume, as far as they tell how
// long the next one takes.
type past struct {
	taken, before time.Time     // their data
	took          time.Duration // the newest; zero: AWS did not say
}

func newBoard(copies []lineage.Point, policy Policy, now time.Time) *board {
	b := &board{
		policy:       policy,
		complete:     map[string]bool{},
		inFlight:     map[string]bool{},
		failed:       map[string]bool{},
		failedLately: map[string]bool{},
		busy:         map[string]bool{},
		reached:      map[string]time.Time{},
		past:         map[string]past{},
	}
	for i := range copies {
		c := &copies[i]
		switch c.State {
		case lineage.Complete:
			b.complete[c.Source] = true
			b.remember(c)
		case lineage.Pending:
			// One in flight a volume: a second waits for the first anyway and
			// wastes one of the region's slots.
			b.inFlight[c.Source] = true
			b.busy[c.Line()] = true
		case lineage.Failed:
			b.failed[c.Set] = true
			if now.Sub(c.Started) < pause(policy.Every) {
				b.failedLately[c.Source] = true
			}
		}
	}
	for _, set := range lineage.Groups(copies) {
		if set.Usable() && set.TakenAt.After(b.reached[set.Subject]) {
			b.reached[set.Subject] = set.TakenAt
		}
	}
	return b
}

// remember notes a complete copy if it is one of its volume's two newest.
func (b *board) remember(c *lineage.Point) {
	known := b.past[c.Line()]
	switch {
	case c.TakenAt.After(known.taken):
		known.before, known.taken = known.taken, c.TakenAt
		known.took = max(c.Done.Sub(c.Started), 0)
	case c.TakenAt.After(known.before) && c.TakenAt.Before(known.taken):
		known.before = c.TakenAt
	}
	b.past[c.Line()] = known
}

// superseded: the other side holds a whole set that is newer, or this one.
func (b *board) superseded(set lineage.Group) bool {
	reached, ok := b.reached[set.Subject]
	return ok && !set.TakenAt.After(reached)
}

// finishes says whether a set that is not the newest is copied all the same:
// when it was begun, unless one of its copies failed. A point that can never be
// copied would otherwise keep every newer set of its source waiting for ever.
func (b *board) finishes(set lineage.Group) bool {
	if b.failed[set.ID] {
		return false
	}
	for _, p := range set.Points {
		if b.complete[p.ID] || b.inFlight[p.ID] {
			return true
		}
	}
	return false
}

// deadline is when the subject's RPO breaks; the zero time, most urgent of all,
// when nothing of it has arrived yet.
func (b *board) deadline(subject string) time.Time {
	reached, ok := b.reached[subject]
	if !ok {
		return time.Time{}
	}
	return reached.Add(b.policy.RPO)
}
