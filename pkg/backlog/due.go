package backlog

import (
	"cmp"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// Volume is a protected volume, as it is attached.
type Volume struct {
	ID       string
	Instance string
	Device   string
	GiB      int
	Tags     map[string]string // the team's own
}

// early is how much younger than its interval the last point may be when the
// next is taken. Without it a schedule drifts: the point of one tick starts a few
// seconds after it, so at the tick an interval later it is a few seconds too
// young, and is passed over until the next. EventBridge Scheduler is exact to a
// minute; half a minute more is for the calls of the pass itself.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
func early(every time.Duration) time.Duration { return min(every/4, 90*time.Second) }

// pause is how long a failed attempt is left alone: see lineage.Pause.
func pause(every time.Duration) time.Duration { return min(every/4, lineage.Pause) }

// need is what a source's points say of taking another.
type need int

const (
	fresh need = iota
	due
	blocked // an instance needs what its neediest volume says, so this comes last
)

// needOf reads the points of one volume or image policy in its own region. One
// that AWS is still making blocks the next: it would finish no sooner, and a
// volume has five slots at most.
func needOf(points []lineage.Point, every time.Duration, now time.Time) need {
	found := due
	for _, p := range points {
		age := now.Sub(p.TakenAt)
		switch {
		case p.State == lineage.Pending, p.State == lineage.Failed && age < pause(every):
			return blocked
		case p.State == lineage.Complete && age < every-early(every):
			found = fresh
		}
	}
	return found
}

// Due says whether an image policy needs a new image.
func Due(points []lineage.Point, every time.Duration, now time.Time) bool {
	return needOf(points, every, now) == due
}

// DueInstances are the instances that need a new set: those with a volume that is
// due, unless a volume of theirs is blocked. The one that has been without a new
// point for longest comes first, because AWS may take fewer than are due.
func DueInstances(volumes []Volume, points []lineage.Point, every time.Duration, now time.Time) []string {
	byVolume := map[string][]lineage.Point{}
	for _, p := range points {
		byVolume[p.Origin] = append(byVolume[p.Origin], p)
	}
	needs, since := map[string]need{}, map[string]time.Time{}
	for _, v := range volumes {
		needs[v.Instance] = max(needs[v.Instance], needOf(byVolume[v.ID], every, now))
		newest := newestOf(byVolume[v.ID])
		if last, ok := since[v.Instance]; !ok || newest.Before(last) {
			since[v.Instance] = newest
		}
	}
	var instances []string
	for instance, of := range needs {
		if of == due {
			instances = append(instances, instance)
		}
	}
	slices.SortFunc(instances, func(a, b string) int {
		return cmp.Or(since[a].Compare(since[b]), cmp.Compare(a, b))
	})
	return instances
}

// newestOf is when the newest complete point was taken; the zero time without one.
func newestOf(points []lineage.Point) time.Time {
	var newest time.Time
	for _, p := range points {
		if p.State == lineage.Complete && p.TakenAt.After(newest) {
			newest = p.TakenAt
		}
	}
	return newest
}
