package retention

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

var now = time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)

// copyOf is a complete point of a one-volume set that was taken so long ago.
func copyOf(id string, age time.Duration) lineage.Point {
	return lineage.Point{
		ID: id, Set: "set-" + id, SetSize: 1, Policy: "data", Instance: "i-1", Origin: "vol-1",
		TakenAt: now.Add(-age), State: lineage.Complete,
	}
}

func with(p lineage.Point, change func(*lineage.Point)) lineage.Point {
	change(&p)
	return p
}

// kept are the ids that Select keeps, in its order.
func kept(verdicts []Verdict) string {
	var ids []string
	for _, v := range verdicts {
		if v.Keep {
			ids = append(ids, v.Point.ID)
		}
	}
	return strings.Join(ids, " ")
}

func TestSelect_keepsTheNewestOfEachPeriodThatHasOne(t *testing.T) {
	points := []lineage.Point{
		copyOf("12:15", 15*time.Minute), copyOf("12:00", 30*time.Minute),
		copyOf("11:45", 45*time.Minute), copyOf("09:00", 3*time.Hour+30*time.Minute),
		copyOf("yesterday", 24*time.Hour), copyOf("before", 25*time.Hour), copyOf("long ago", 400*24*time.Hour),
	}
	for name, tt := range map[string]struct {
		keep plan.Keep
		want string
	}{
		"nothing":          {plan.Keep{}, "12:15"},
		"hours":            {plan.Keep{Hourly: 3}, "12:15 11:45 09:00"},
		"days":             {plan.Keep{Daily: 2}, "12:15 yesterday"},
		"hours and days":   {plan.Keep{Hourly: 2, Daily: 2}, "12:15 11:45 yesterday"},
		"years":            {plan.Keep{Yearly: 5}, "12:15 long ago"},
		"more than exists": {plan.Keep{Hourly: 99}, "12:15 11:45 09:00 yesterday before long ago"},
		"the last two":     {plan.Keep{Last: 2}, "12:15 12:00"},
		"more of the last": {plan.Keep{Last: 99}, "12:15 12:00 11:45 09:00 yesterday before long ago"},
		"all of an hour":   {plan.Keep{Within: plan.Duration(time.Hour)}, "12:15 12:00 11:45"},
		"all of a day":     {plan.Keep{Within: plan.Duration(24 * time.Hour)}, "12:15 12:00 11:45 09:00"},
		"last and days":    {plan.Keep{Last: 2, Daily: 2}, "12:15 12:00 yesterday"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := kept(Select(points, Rules{Keep: tt.keep}, now, Guards{})); got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSelect_neverLetsGoOfTheNewestUsablePoint(t *testing.T) {
	points := []lineage.Point{
		with(copyOf("failed", time.Minute), func(p *lineage.Point) { p.State = lineage.Failed }),
		copyOf("usable", 100*24*time.Hour),
	}
	if got := kept(Select(points, Rules{}, now, Guards{})); got != "usable" {
		t.Errorf("kept %q", got)
	}
}

func TestSelect_keepsASetWhole(t *testing.T) {
	half := func(id, volume string, age time.Duration) lineage.Point {
		return with(copyOf(id, age), func(p *lineage.Point) { p.Set, p.SetSize, p.Origin = "set-"+id[:1], 2, volume })
	}
	points := []lineage.Point{
		half("a1", "vol-1", time.Hour), half("a2", "vol-2", time.Hour),
		half("b1", "vol-1", 2*time.Hour), half("b2", "vol-2", 2*time.Hour),
	}
	t.Run("when a guard needs one of its points", func(t *testing.T) {
		got := kept(Select(points, Rules{}, now, Guards{Pinned: map[string]bool{"b2": true}}))
		if got != "a1 a2 b1 b2" {
			t.Errorf("kept %q", got)
		}
	})
	t.Run("and does not take half a set for the newest", func(t *testing.T) {
		if got := kept(Select(points[1:], Rules{}, now, Guards{})); got != "a2 b1 b2" {
			t.Errorf("kept %q, want the half set and the whole one that is usable", got)
		}
	})
	t.Run("or lets go of it whole", func(t *testing.T) {
		if got := kept(Select(points, Rules{}, now, Guards{})); got != "a1 a2" {
			t.Errorf("kept %q", got)
		}
	})
}

func TestSelect_keepsTheNewestPointOfAVolumeThatNewerSetsLack(t *testing.T) {
	detached := with(copyOf("detached", 24*time.Hour), func(p *lineage.Point) { p.Origin = "vol-2" })
	if got := kept(Select([]lineage.Point{copyOf("new", 0), detached}, Rules{}, now, Guards{})); got != "new detached" {
		t.Errorf("kept %q", got)
	}
}

func TestSelect_keepsTwoWhileTheRPOIsBrokenAndLetsOlderOnesGo(t *testing.T) {
	points := []lineage.Point{copyOf("a", 3*time.Hour), copyOf("b", 4*time.Hour), copyOf("c", 5*time.Hour)}
	if got := kept(Select(points, Rules{RPO: time.Hour}, now, Guards{})); got != "a b" {
		t.Errorf("kept %q", got)
	}
}

func TestSelect_keepsWhatAGuardNames(t *testing.T) {
	points := []lineage.Point{copyOf("a", time.Hour), copyOf("b", 2*time.Hour)}
	for name, guards := range map[string]Guards{
		"in use":                         {InUse: map[string]bool{"b": true}},
		"pinned":                         {Pinned: map[string]bool{"b": true}},
		"copied":                         {Copied: map[string]bool{"b": true}},
		"locked":                         {Locked: map[string]time.Time{"b": now.Add(time.Second)}},
		"locked, nobody says until when": {Locked: map[string]time.Time{"b": {}}},
	} {
		if got := kept(Select(points, Rules{}, now, guards)); got != "a b" {
			t.Errorf("%s: kept %q", name, got)
		}
	}
}

func TestSelect_letsGoWhenTheLockHasEnded(t *testing.T) {
	points := []lineage.Point{copyOf("a", time.Hour), copyOf("b", 2*time.Hour)}
	if got := kept(Select(points, Rules{}, now, Guards{Locked: map[string]time.Time{"b": now}})); got != "a" {
		t.Errorf("kept %q", got)
	}
}

func TestSelect_keepsAYoungSetThatNeverBecameWhole(t *testing.T) {
	half := with(copyOf("half", 2*time.Hour), func(p *lineage.Point) { p.SetSize = 2 })
	points := []lineage.Point{copyOf("whole", time.Hour), half}
	for within, want := range map[time.Duration]string{3 * time.Hour: "whole half", 2 * time.Hour: "whole"} {
		if got := kept(Select(points, Rules{Keep: plan.Keep{Within: plan.Duration(within)}}, now, Guards{})); got != want {
			t.Errorf("within %s: kept %q, want %q", within, got, want)
		}
	}
}

func TestSelect_letsUnfinishedSetsPileUpToTwo(t *testing.T) {
	var points []lineage.Point
	for i := range 5 {
		points = append(points, with(copyOf(fmt.Sprint("half", i), time.Duration(i)*time.Hour), func(p *lineage.Point) { p.SetSize = 2 }))
	}
	points = append(points, copyOf("whole", 9*time.Hour))
	if got := kept(Select(points, Rules{}, now, Guards{})); got != "half0 half1 whole" {
		t.Errorf("kept %q", got)
	}
}

func TestSelect_letsADuplicateGoAndKeepsItsSet(t *testing.T) {
	twin := with(copyOf("a", time.Hour), func(p *lineage.Point) { p.ID = "a-again" })
	if got := kept(Select([]lineage.Point{twin, copyOf("a", time.Hour)}, Rules{}, now, Guards{})); got != "a" {
		t.Errorf("kept %q", got)
	}
}

func TestSelect_remembersAFailureUntilTheNextAttemptIsDue(t *testing.T) {
	failed := with(copyOf("failed", time.Hour), func(p *lineage.Point) { p.State = lineage.Failed })
	for age, want := range map[time.Duration]string{time.Minute: "failed", lineage.Pause: ""} {
		failed.Started = now.Add(-age)
		if got := kept(Select([]lineage.Point{failed}, Rules{}, now, Guards{})); got != want {
			t.Errorf("after %s: kept %q, want %q", age, got, want)
		}
	}
}

func TestMoves_neverMarksAndDeletesInOnePass(t *testing.T) {
	marked := func(id string, in time.Duration) lineage.Point {
		return with(copyOf(id, time.Hour), func(p *lineage.Point) { p.Retire = now.Add(in) })
	}
	failed := with(copyOf("failed", 0), func(p *lineage.Point) { p.State = lineage.Failed })
	steps := Moves([]Verdict{
		{Point: copyOf("kept", 0), Keep: true},
		{Point: marked("wanted again", -time.Hour), Keep: true},
		{Point: copyOf("to mark", 0)},
		{Point: marked("not yet", time.Second)},
		{Point: marked("due", 0)},
		{Point: failed},
	}, now)
	names := func(verdicts []Verdict) (ids []string) {
		for _, v := range verdicts {
			ids = append(ids, v.Point.ID)
		}
		return ids
	}
	got := [][]string{names(steps.Mark), names(steps.Unmark), names(steps.Delete)}
	want := [][]string{{"to mark"}, {"wanted again"}, {"due", "failed"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mark, unmark, delete (-want +got):\n%s", diff)
	}
}
