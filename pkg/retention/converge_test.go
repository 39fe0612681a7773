package retention

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// What is let go at once is gone when the grace is over and a pass has come by;
// after that nothing moves any more.
func TestMoves_convergeForRandomHistories(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range *histories {
		h := random(rand.New(rand.NewPCG(seed, i)))
		for _, full := range []bool{false, true} {
			if broken := h.converges(full); broken != "" {
				t.Fatalf("history %d of seed %d, full quota %v: %s\npoints: %+v\nrules: %+v\nguards: %+v", i, seed, full, broken, h.points, h.rules, h.guards)
			}
		}
	}
}

// converges plays passes. At a full quota a new point of a new source, which waits
// for room, must get it from whatever retention lets go.
func (h history) converges(full bool) string {
	points := slices.Clone(h.points)
	quota := len(points)
	end := now.Add(Grace + 2*time.Hour)
	// An RPO that breaks on the way makes two sets stay that would have gone, so
	// what counts is what goes in the end as well.
	letsGo := func(v Verdict) bool { return !v.Keep }
	waits := full && slices.ContainsFunc(Select(points, h.rules, end, h.guards), letsGo)
	for _, after := range []time.Duration{0, Grace / 2, Grace, Grace + time.Hour} {
		at := now.Add(after)
		steps := Moves(Select(points, h.rules, at, h.guards), at)
		points = apply(points, steps, at)
		if waits && len(points) < quota {
			waits = false
			points = append(points, lineage.Point{
				ID: "new", Set: "new", SetSize: 1, Policy: "data", Instance: "i-new", Origin: "vol-new", TakenAt: at, State: lineage.Complete,
			})
		}
		if len(points) > quota {
			return fmt.Sprintf("%d points at a quota of %d", len(points), quota)
		}
	}
	if waits {
		return "the new point never got room"
	}
	steps := Moves(Select(points, h.rules, end, h.guards), end)
	if n := len(steps.Mark) + len(steps.Unmark) + len(steps.Delete); n > 0 {
		return fmt.Sprintf("%d moves are left: %+v", n, steps)
	}
	return ""
}

// apply does what the adapters do with the steps.
func apply(points []lineage.Point, steps Steps, at time.Time) []lineage.Point {
	retire, gone := map[string]time.Time{}, map[string]bool{}
	for _, v := range steps.Mark {
		retire[v.Point.ID] = at.Add(Grace)
	}
	for _, v := range steps.Unmark {
		retire[v.Point.ID] = time.Time{}
	}
	for _, v := range steps.Delete {
		gone[v.Point.ID] = true
	}
	var left []lineage.Point
	for _, p := range points {
		if mark, ok := retire[p.ID]; ok {
			p.Retire = mark
		}
		if !gone[p.ID] {
			left = append(left, p)
		}
	}
	return left
}
