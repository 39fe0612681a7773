package backlog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

var policy = Policy{Every: 30 * time.Minute, RPO: time.Hour}

// set is a complete source set of an instance with two volumes. Its points are
// called after instance, name and volume: "i1/a/1".
func set(instance, name string, age time.Duration) []lineage.Point {
	var points []lineage.Point
	for volume := 1; volume <= 2; volume++ {
		points = append(points, lineage.Point{
			ID: fmt.Sprintf("%s/%s/%d", instance, name, volume), Set: instance + name, SetSize: 2,
			Instance: instance, Origin: fmt.Sprintf("%s-vol-%d", instance, volume),
			TakenAt: now.Add(-age), State: lineage.Complete,
		})
	}
	return points
}

// copied are copies of points in a state.
func copied(state lineage.State, points ...lineage.Point) []lineage.Point {
	var copies []lineage.Point
	for _, p := range points {
		p.ID, p.Source, p.State, p.Started = "copy of "+p.ID, p.ID, state, p.TakenAt
		copies = append(copies, p)
	}
	return copies
}

func wanted(c Copies) string {
	var ids []string
	for _, p := range c.Wanted {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, " ")
}

func TestMissing_plansWhatIsMissingAndNothingElse(t *testing.T) {
	old, mid, young := set("i1", "a", 60*time.Minute), set("i1", "b", 40*time.Minute), set("i1", "c", 20*time.Minute)
	all := slices.Concat(old, mid, young)
	pending := slices.Clone(young)
	pending[1].State = lineage.Pending
	for name, tt := range map[string]struct {
		sources, copies []lineage.Point
		want            string
		held            int
	}{
		"nothing is there":                       {nil, nil, "", 0},
		"the newest alone, others are behind it": {all, nil, "i1/c/1 i1/c/2", 0},
		"everything is there":                    {all, copied(lineage.Complete, all...), "", 0},
		"older ones are not made up for":         {all, copied(lineage.Complete, young...), "", 0},
		"a set in the making waits":              {slices.Concat(mid, pending), nil, "i1/b/1 i1/b/2", 0},
		"what is in flight is not begun again":   {old, copied(lineage.Pending, old...), "", 0},
		"a set that was begun is finished first": {slices.Concat(mid, young), copied(lineage.Complete, mid[0]), "i1/b/2 i1/c/1", 1},
		"a volume has one copy in flight":        {slices.Concat(mid, young), copied(lineage.Pending, mid...), "", 2},
		"a failed copy is made again":            {old, copied(lineage.Failed, old...), "i1/a/1 i1/a/2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := Missing(tt.sources, tt.copies, policy, now)
			if wanted(got) != tt.want || got.Held != tt.held {
				t.Errorf("wanted %q and %d held, want %q and %d", wanted(got), got.Held, tt.want, tt.held)
			}
		})
	}
}

func TestMissing_leavesACopyAloneThatFailedAMomentAgo(t *testing.T) {
	source := set("i1", "a", 20*time.Minute)
	failed := copied(lineage.Failed, source...)
	failed[0].Started = now.Add(-time.Minute)
	got := Missing(source, failed, policy, now)
	if wanted(got) != "i1/a/2" || got.Held != 1 {
		t.Errorf("wanted %q, %d held", wanted(got), got.Held)
	}
}

func TestMissing_putsTheEarliestDeadlineFirst(t *testing.T) {
	sources := slices.Concat(set("i1", "b", 10*time.Minute), set("i2", "b", 5*time.Minute), set("i3", "b", time.Minute))
	copies := slices.Concat(
		copied(lineage.Complete, set("i1", "a", 40*time.Minute)...),
		copied(lineage.Complete, set("i2", "a", 50*time.Minute)...),
	)
	// Nothing of i3 has ever arrived; i2's newest copy is older than i1's.
	want := "i3/b/1 i3/b/2 i2/b/1 i2/b/2 i1/b/1 i1/b/2"
	if got := wanted(Missing(sources, copies, policy, now)); got != want {
		t.Errorf("wanted %q, want %q", got, want)
	}
}

func TestMissing_holdsOnToTheSourcesOfOutstandingCopies(t *testing.T) {
	old, young := set("i1", "a", time.Hour), set("i1", "b", time.Minute)
	got := Missing(slices.Concat(old, young), copied(lineage.Pending, young[0]), policy, now)
	want := map[string]bool{"i1/b/1": true, "i1/b/2": true}
	if diff := cmp.Diff(want, got.Outstanding); diff != "" {
		t.Errorf("outstanding (-want +got):\n%s", diff)
	}
}

// Under an overload whole sets must arrive: with one slot free a pass, and a new
// set of every instance every third pass, each instance's newest whole set on the
// other side must keep moving.
func TestMissing_deliversWholeSetsUnderOverload(t *testing.T) {
	var sources, copies []lineage.Point
	instances := []string{"i1", "i2", "i3"}
	arrived := map[string]map[string]bool{}
	at := now
	for pass := range 300 {
		at = at.Add(10 * time.Minute)
		if pass%3 == 0 {
			for _, instance := range instances {
				sources = append(sources, set(instance, fmt.Sprint("-", pass), now.Sub(at))...)
			}
		}
		rand.Shuffle(len(sources), func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
		if plan := Missing(sources, copies, policy, at); len(plan.Wanted) > 0 {
			copies = append(copies, copied(lineage.Complete, plan.Wanted[0].Point)...)
		}
		for _, group := range lineage.Groups(copies) {
			if group.Usable() {
				if arrived[group.Subject] == nil {
					arrived[group.Subject] = map[string]bool{}
				}
				arrived[group.Subject][group.ID] = true
			}
		}
	}
	for _, instance := range instances {
		// 300 copies make 150 sets of two, shared by three.
		if got := len(arrived[instance]); got < 49 {
			t.Errorf("%d whole sets of %s arrived, want 49 or more", got, instance)
		}
	}
	if spare := len(copies) - 2*(len(arrived["i1"])+len(arrived["i2"])+len(arrived["i3"])); spare > 3 {
		t.Errorf("%d copies belong to no whole set", spare)
	}
}
