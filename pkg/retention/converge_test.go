package retention

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// What is let go at once is gone when the grace is over and a pass has come by;
// what time alone keeps goes when that is over; after that nothing moves any more.
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

// settled is after the last lock, the last age and the grace that follows them.
const settled = 10*24*time.Hour + Grace + time.Hour

// converges plays passes. At a full quota a new point of a new source, which waits
// for room, must get it from whatever retention lets go.
func (h history) converges(full bool) string {
	points := slices.Clone(h.points)
	quota := len(points)
	end := now.Add(settled + 2*Grace)
	// An RPO that breaks on the way makes two sets stay that would have gone, so
	// what counts is what goes in the end as well.
	letsGo := func(v Verdict) bool { return !v.Keep }
	waits := full && slices.ContainsFunc(Select(points, h.rules, end, h.guards), letsGo)
	for _, after := range []time.Duration{0, Grace / 2, Grace, Grace + time.Hour, settled - Grace, settled, settled + Grace} {
		at := now.Add(after)
		steps := Moves(Select(points, h.rules, at, h.guards), at)
		if why := h.deletesLocked(steps, at); why != "" {
			return why
		}
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

// deletesLocked: what is locked is not even marked.
func (h history) deletesLocked(steps Steps, at time.Time) string {
	for _, v := range slices.Concat(steps.Mark, steps.Delete) {
		if at.Before(h.guards.Locked[v.Point.ID]) {
			return v.Point.ID + " is locked, and let go"
		}
	}
	return ""
}

// A quota that is full of old points stops new ones, so the RPO stays broken for
// as long as they stay: what keeps the newest must let the others go.
func TestMoves_aBrokenRPONeverStopsTheDeletionOfPointsOlderThanTheNewestN(t *testing.T) {
	const quota = 20
	for name, tt := range map[string]struct {
		keep  plan.Keep
		comes bool // a new point, as soon as there is room
		want  string
	}{
		"and room makes new points":     {plan.Keep{}, true, "0 new"},
		"and the newest two stay":       {plan.Keep{}, false, "0 1"},
		"and so do as many as it keeps": {plan.Keep{Last: 5}, false, "0 1 2 3 4"},
		"and tiers hold no more":        {plan.Keep{Daily: 2}, false, "0 1 13"}, // the newest of two days, and the newest two
	} {
		t.Run(name, func(t *testing.T) {
			var points []lineage.Point
			for i := range quota {
				points = append(points, copyOf(fmt.Sprint(i), 72*time.Hour+time.Duration(i)*time.Hour))
			}
			rules := Rules{Keep: tt.keep, RPO: time.Hour}
			for hour := range 72 {
				at := now.Add(time.Duration(hour) * time.Hour)
				points = apply(points, Moves(Select(points, rules, at, Guards{}), at), at)
				if tt.comes && len(points) < quota {
					tt.comes = false
					points = append(points, with(copyOf("new", 0), func(p *lineage.Point) { p.TakenAt = at }))
				}
			}
			var left []string
			for _, p := range points {
				left = append(left, p.ID)
			}
			if got := strings.Join(left, " "); got != tt.want {
				t.Errorf("%q are left, want %q", got, tt.want)
			}
			end := now.Add(72 * time.Hour)
			if steps := Moves(Select(points, rules, end, Guards{}), end); len(steps.Mark)+len(steps.Delete) > 0 {
				t.Errorf("it has not converged: %+v", steps)
			}
		})
	}
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
