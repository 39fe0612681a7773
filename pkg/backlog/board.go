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
	failedLately map[string]bool      // source point → its copy failed a moment ago
	busy         map[string]bool      // volume → a copy is being made
	reached      map[string]time.Time // subject → data of the newest usable set
}

func newBoard(copies []lineage.Point, policy Policy, now time.Time) *board {
	b := &board{
		policy:       policy,
		complete:     map[string]bool{},
		inFlight:     map[string]bool{},
		failedLately: map[string]bool{},
		busy:         map[string]bool{},
		reached:      map[string]time.Time{},
	}
	for _, c := range copies {
		switch c.State {
		case lineage.Complete:
			b.complete[c.Source] = true
		case lineage.Pending:
			// One in flight a volume: a second waits for the first anyway and
			// wastes one of the region's slots.
			b.inFlight[c.Source] = true
			b.busy[c.Line()] = true
		case lineage.Failed:
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

// superseded: the other side holds a whole set that is newer, or this one.
func (b *board) superseded(set lineage.Group) bool {
	reached, ok := b.reached[set.Subject]
	return ok && !set.TakenAt.After(reached)
}

func (b *board) begun(set lineage.Group) bool {
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
