package retention

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// histories is how many random ones each property test judges; make bench judges
// many more.
var histories = flag.Uint64("histories", 2_500, "how many random histories the property tests judge")

// history is what a region may hold: sets of one to three volumes of one or two
// instances, some half, failed, doubled, pending or marked, and guards on some.
type history struct {
	points []lineage.Point
	rules  Rules
	guards Guards
}

func random(r *rand.Rand) history {
	h := history{
		rules: Rules{
			Keep: plan.Keep{
				Hourly: r.IntN(4), Daily: r.IntN(4), Weekly: r.IntN(3), Monthly: r.IntN(3), Yearly: r.IntN(2),
				Last: max(0, r.IntN(8)-4), Within: plan.Duration(max(0, r.IntN(96)-48)) * plan.Duration(time.Hour),
			},
			RPO: time.Duration(r.IntN(100)) * time.Hour,
		},
		guards: Guards{InUse: map[string]bool{}, Pinned: map[string]bool{}, Copied: map[string]bool{}, Locked: map[string]time.Time{}},
	}
	reach := []time.Duration{6 * time.Hour, 10 * 24 * time.Hour, 900 * 24 * time.Hour}[r.IntN(3)]
	for set := range r.IntN(12) {
		instance := r.IntN(2)
		size := 1 + r.IntN(3)
		taken := now.Add(-time.Duration(r.Int64N(int64(reach)))).Truncate(time.Minute)
		for member := range size {
			for twin := range 1 + r.IntN(12)/11 {
				if r.IntN(12) == 0 {
					continue // lost, or not copied yet
				}
				p := lineage.Point{
					ID: fmt.Sprintf("snap-%d-%d-%d", set, member, twin), Set: fmt.Sprint("set-", set), SetSize: size, Policy: "data",
					Instance: fmt.Sprint("i-", instance), Origin: fmt.Sprintf("vol-%d-%d", instance, member),
					TakenAt: taken, State: lineage.Complete,
				}
				switch r.IntN(20) {
				case 0:
					p.State = lineage.Failed
				case 1:
					p.State = lineage.Pending
				case 2:
					p.Retire = now.Add(-time.Hour)
				case 3:
					h.guards.InUse[p.ID] = true
				case 4:
					h.guards.Pinned[p.ID] = true
				case 5:
					h.guards.Copied[p.ID] = true
				case 6:
					h.guards.Locked[p.ID] = now.Add(time.Duration(r.IntN(240)-48) * time.Hour)
				}
				h.points = append(h.points, p)
			}
		}
	}
	return h
}

func TestSelect_holdsItsPromisesForRandomHistories(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range *histories {
		h := random(rand.New(rand.NewPCG(seed, i)))
		if broken := h.broken(rand.New(rand.NewPCG(i, seed))); broken != "" {
			t.Fatalf("history %d of seed %d: %s\npoints: %+v\nrules: %+v\nguards: %+v", i, seed, broken, h.points, h.rules, h.guards)
		}
	}
}

// broken names the promise that Select did not keep, or nothing.
func (h history) broken(r *rand.Rand) string {
	verdicts := Select(h.points, h.rules, now, h.guards)
	if len(verdicts) != len(h.points) {
		return fmt.Sprintf("%d verdicts on %d points", len(verdicts), len(h.points))
	}
	keeps := map[string]bool{}
	var survivors []lineage.Point
	for _, v := range verdicts {
		keeps[v.Point.ID] = v.Keep
		if v.Reason == "" {
			return v.Point.ID + " has no reason"
		}
		if v.Keep {
			survivors = append(survivors, v.Point)
		}
	}
	for _, p := range h.points {
		guarded := h.guards.InUse[p.ID] || h.guards.Pinned[p.ID] || h.guards.Copied[p.ID] || now.Before(h.guards.Locked[p.ID])
		if (guarded || p.State == lineage.Pending) && !keeps[p.ID] {
			return p.ID + " is guarded, or being made, and let go"
		}
	}
	if why := cmp.Or(h.losesNewest(keeps), h.losesYoung(keeps)); why != "" {
		return why
	}
	for _, v := range Select(survivors, h.rules, now, h.guards) {
		if !v.Keep {
			return v.Point.ID + " is let go once the others are: not idempotent"
		}
	}
	shuffled := slices.Clone(h.points)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, v := range Select(shuffled, h.rules, now, h.guards) {
		if keeps[v.Point.ID] != v.Keep {
			return v.Point.ID + " depends on the order of the points"
		}
	}
	return ""
}

// losesNewest checks, by other means than Select's own, that of every volume a
// point as new as its newest usable one stays, in a set that stays whole; and of
// every instance as many sets as the policy counts, two while the RPO is broken.
func (h history) losesNewest(keeps map[string]bool) string {
	whole := map[string][]lineage.Point{} // set → one complete point a volume
	for _, p := range h.points {
		same := func(q lineage.Point) bool { return q.Origin == p.Origin }
		if p.State == lineage.Complete && !slices.ContainsFunc(whole[p.Set], same) {
			whole[p.Set] = append(whole[p.Set], p)
		}
	}
	newestOf, keptOf := map[string]time.Time{}, map[string]time.Time{}
	setsOf, keptSetsOf, newestSet := map[string]int{}, map[string]int{}, map[string]time.Time{}
	for _, points := range whole {
		if len(points) < points[0].SetSize {
			continue
		}
		instance, taken := points[0].Instance, points[0].TakenAt
		stays := true
		for _, p := range points {
			volume := p.Origin
			stays = stays && h.keepsOne(keeps, p)
			if taken.After(newestOf[volume]) {
				newestOf[volume] = taken
			}
		}
		setsOf[instance]++
		if taken.After(newestSet[instance]) {
			newestSet[instance] = taken
		}
		if !stays {
			continue
		}
		keptSetsOf[instance]++
		for _, p := range points {
			if taken.After(keptOf[p.Origin]) {
				keptOf[p.Origin] = taken
			}
		}
	}
	for volume, newest := range newestOf {
		if !keptOf[volume].Equal(newest) {
			return "the newest usable point of " + volume + " is let go"
		}
	}
	for instance, sets := range setsOf {
		if keptSetsOf[instance] < min(sets, h.rules.Keep.Last) {
			return "fewer sets of " + instance + " stay than the last that the policy counts"
		}
		if h.rules.RPO > 0 && now.Sub(newestSet[instance]) > h.rules.RPO && keptSetsOf[instance] < min(sets, newest) {
			return "the RPO of " + instance + " is broken and fewer than the newest two stay"
		}
	}
	return ""
}

// losesYoung checks that of every volume in a set that is younger than the policy
// says, a point stays, unless all have failed.
func (h history) losesYoung(keeps map[string]bool) string {
	for _, p := range h.points {
		young := now.Sub(p.TakenAt) < h.rules.Keep.Within.D()
		if young && p.State != lineage.Failed && !keeps[p.ID] && !h.keepsOne(keeps, p) {
			return p.ID + " is younger than the policy says, and its set does not stay"
		}
	}
	return ""
}

// keepsOne says whether a complete point of p's set and volume stays.
func (h history) keepsOne(keeps map[string]bool, p lineage.Point) bool {
	return slices.ContainsFunc(h.points, func(q lineage.Point) bool {
		return q.Set == p.Set && q.Origin == p.Origin && q.State == lineage.Complete && keeps[q.ID]
	})
}
