package retention

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// reasonsOf are the reasons of points by id.
func reasonsOf(points []lineage.Point, rules Rules, guards Guards) map[string]string {
	said := map[string]string{}
	for _, v := range Select(points, rules, now, guards) {
		said[v.Point.ID] = v.Reason
	}
	return said
}

func TestReason_saysWhichRuleKeeps(t *testing.T) {
	day := 24 * time.Hour
	points := []lineage.Point{
		copyOf("a", 5*time.Minute), copyOf("b", 2*time.Hour), copyOf("c", 5*day), copyOf("d", 9*day), copyOf("e", 70*day),
		copyOf("f", 500*day), copyOf("g", 501*day), copyOf("h", 502*day),
	}
	rules := Rules{Keep: plan.Keep{Hourly: 1, Daily: 2, Weekly: 2, Monthly: 3, Yearly: 2, Last: 7, Within: plan.Duration(503 * day)}}
	want := map[string]string{
		"a": "kept: the newest of the hour from 2026-11-22 12:00Z (hourly 1 of 1)",
		"b": "kept: number 2 of the newest 7 (last 7)",
		"c": "kept: the newest of Tuesday 2026-11-17 (daily 2 of 2)",
		"d": "kept: the newest of the week from Monday 2026-11-09 (weekly 2 of 2)",
		"e": "kept: the newest of September 2026 (monthly 2 of 3)",
		"f": "kept: the newest of July 2025 (monthly 3 of 3)",
		"g": "kept: number 7 of the newest 7 (last 7)",
		"h": "kept until 2026-11-23 12:30Z: younger than 12072h (within)",
	}
	if diff := cmp.Diff(want, reasonsOf(points, rules, Guards{})); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestReason_saysWhatStandsBeforeTheRules(t *testing.T) {
	half := func(p *lineage.Point) { p.SetSize = 2 }
	points := []lineage.Point{
		with(copyOf("pending", time.Minute), func(p *lineage.Point) { p.State = lineage.Pending }),
		with(copyOf("half", 2*time.Minute), half),
		copyOf("newest", 3*time.Hour), copyOf("second", 4*time.Hour),
		with(copyOf("detached", 5*time.Hour), func(p *lineage.Point) { p.Origin = "vol-2" }),
		copyOf("pinned", 6*time.Hour), copyOf("used", 7*time.Hour), copyOf("copied", 8*time.Hour),
		copyOf("locked", 9*time.Hour), copyOf("locked for now", 10*time.Hour),
		with(copyOf("failed", time.Hour), func(p *lineage.Point) { p.State, p.Started = lineage.Failed, now.Add(-time.Minute) }),
	}
	guards := Guards{
		Pinned: map[string]bool{"pinned": true}, InUse: map[string]bool{"used": true}, Copied: map[string]bool{"copied": true},
		Locked: map[string]time.Time{"locked": now.Add(48 * time.Hour), "locked for now": {}, "newest": now.Add(time.Hour)},
	}
	broken := "kept: the RPO of 1h is broken since 2026-11-22 10:30Z, and until it is met the newest 2 sets stay"
	want := map[string]string{
		"pending":        "kept: AWS is still making it",
		"half":           "kept: its set is not whole yet, and no newer one is",
		"newest":         broken,
		"second":         broken,
		"detached":       "kept: the newest usable point of vol-2, which no newer set holds",
		"pinned":         "kept: pinned is pinned: a run of the plan uses it",
		"used":           "kept: used is in use: a launch template or a parameter names it",
		"copied":         "kept: copied is yet to be copied to the other side, or its copy is in flight",
		"locked":         "kept until 2026-11-24 12:30Z: locked is locked until then",
		"locked for now": "kept: locked for now is locked, and AWS does not say until when",
		"failed":         "kept until 2026-11-22 12:34Z: AWS could not complete it, and the next attempt waits until then",
	}
	if diff := cmp.Diff(want, reasonsOf(points, Rules{RPO: time.Hour}, guards)); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if got := reasonsOf(points, Rules{}, Guards{})["newest"]; got != "kept: the newest usable set of i-1" {
		t.Errorf("without an RPO: %q", got)
	}
}

func TestReason_saysWhyAndWhenSomethingGoes(t *testing.T) {
	marked := time.Date(2026, 11, 18, 3, 10, 0, 0, time.FixedZone("CET", 60*60))
	points := []lineage.Point{
		copyOf("a", time.Minute), copyOf("b", 2*time.Hour),
		with(copyOf("c", 3*time.Hour), func(p *lineage.Point) { p.Retire = marked }),
		with(copyOf("half", 4*time.Hour), func(p *lineage.Point) { p.SetSize = 2 }),
		with(copyOf("a", time.Minute), func(p *lineage.Point) { p.ID = "a-again" }),
		with(copyOf("failed", time.Hour), func(p *lineage.Point) { p.State = lineage.Failed }),
	}
	rules := Rules{Keep: plan.Keep{Daily: 1, Last: 1, Within: plan.Duration(time.Hour)}}
	want := map[string]string{
		"a":       "kept: the newest of Sunday 2026-11-22 (daily 1 of 1)",
		"b":       "marked now, deleted on or after 2026-11-23 12:30Z: no rule keeps it (1 daily, the last 1, all within 1h)",
		"c":       "deleted on or after 2026-11-18 02:10Z: marked, because no rule keeps it (1 daily, the last 1, all within 1h)",
		"half":    "marked now, deleted on or after 2026-11-23 12:30Z: its set never became whole, and a newer one is",
		"a-again": "marked now, deleted on or after 2026-11-23 12:30Z: it is a duplicate: set set-a holds another point of vol-1",
		"failed":  "deleted at once: AWS could not complete it, so it holds no data",
	}
	if diff := cmp.Diff(want, reasonsOf(points, rules, Guards{})); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}
