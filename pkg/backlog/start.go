package backlog

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// Room is what AWS has left for a policy's copies.
type Room struct {
	Slots int // copies that may be in flight, less those of other tools and policies
	Free  int // of these, the ones with no copy in them
	Speed int // MiB/s not yet promised to time-based copies; zero: best effort alone
}

// Start chooses what to begin now: as many as there are free slots, those that
// keep the most sources within their RPO first.
func (c Copies) Start(room Room, now time.Time) []Copy {
	start := slices.Clone(c.order(room.Slots, now))
	start = start[:min(max(room.Free, 0), len(start))]
	speed := room.Speed
	for i := range start {
		var taken int
		start[i].Within, taken = start[i].within(speed, now)
		speed -= taken
	}
	return start
}

// job is what one source misses: all copies of one set, for only a whole set
// brings the source back within its RPO.
type job struct {
	copies []Copy
	begin  time.Time     // the latest moment to begin
	work   time.Duration // of a slot
	weight time.Duration // work, less the longer the source has waited
}

// order is Wanted when everything can be in time. When it cannot, deadlines
// alone would make everything a little too late: each source would be copied
// after its RPO broke, and before the next. So the jobs that cost most are put
// last until the others make it, which is Moore and Hodgson's way to the fewest
// late jobs. (J. M. Moore, "An n job, one machine sequencing algorithm for
// minimizing the number of late jobs", Management Science 15, 1968.) The slots
// are taken for one machine that is so many times as fast.
func (c Copies) order(slots int, now time.Time) []Copy {
	share := func(j *job) time.Duration { return j.work / time.Duration(max(slots, 1)) }
	elapsed := c.ahead / time.Duration(max(slots, 1))
	var kept costliest
	var late []*job
	for _, j := range c.jobs(now) {
		latest := j.begin
		if latest.Before(now) {
			// Broken already, or too late to save: as good as due an interval
			// from now, so that what is cheap to mend is mended first.
			latest = now.Add(c.every)
		}
		heap.Push(&kept, j)
		elapsed += share(j)
		for now.Add(elapsed - share(j)).After(latest) {
			costly := heap.Pop(&kept).(*job)
			late = append(late, costly)
			elapsed -= share(costly)
			if costly == j {
				break
			}
		}
	}
	if len(late) == 0 {
		return c.Wanted
	}
	slices.SortFunc(late, func(a, b *job) int {
		return cmp.Or(cmp.Compare(a.weight, b.weight), urgency(a.copies[0], b.copies[0]))
	})
	slices.SortFunc(kept, func(a, b *job) int { return urgency(a.copies[0], b.copies[0]) })
	ordered := make([]Copy, 0, len(c.Wanted))
	for _, j := range slices.Concat(kept, late) {
		ordered = append(ordered, j.copies...)
	}
	return ordered
}

// jobs are the sets in Wanted, most urgent first.
func (c Copies) jobs(now time.Time) []*job {
	var jobs []*job
	bySubject := map[string]*job{}
	for _, w := range c.Wanted {
		j := bySubject[w.Subject()]
		if j == nil {
			j = &job{begin: w.begin()}
			bySubject[w.Subject()] = j
			jobs = append(jobs, j)
		}
		j.copies = append(j.copies, w)
		j.work += w.Takes
	}
	for _, j := range jobs {
		j.weight = j.work
		// Nobody waits for ever: a source that has been without its RPO for so
		// many RPOs counts as that much cheaper.
		if deadline := j.copies[0].Deadline; c.rpo > 0 && !deadline.IsZero() && now.After(deadline) {
			j.weight = time.Duration(float64(j.work) / (1 + float64(now.Sub(deadline))/float64(c.rpo)))
		}
	}
	return jobs
}

// costliest is a heap with the heaviest job on top.
type costliest []*job

func (h costliest) Len() int           { return len(h) }
func (h costliest) Less(a, b int) bool { return h[a].weight > h[b].weight }
func (h costliest) Swap(a, b int)      { h[a], h[b] = h[b], h[a] }
func (h *costliest) Push(j any)        { *h = append(*h, j.(*job)) }
func (h *costliest) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// The durations that AWS offers for a time-based copy.
// https://docs.aws.amazon.com/ebs/latest/userguide/time-based-copies.html
const (
	shortest = 15 * time.Minute
	longest  = 48 * time.Hour
	step     = 15 * time.Minute
)

// within is the duration to ask for, zero for best effort, and the speed that it
// takes of what is left. It costs by the GiB, the more the faster, so it is asked
// for only when best effort would break an RPO that holds now, or has broken, and
// for the longest duration that does not. Of a copy that carries everything no
// more is asked than one copy is granted; of another nobody knows the data, and
// the whole volume's is set against what all are granted together.
func (c Copy) within(left int, now time.Time) (time.Duration, int) {
	if c.Deadline.IsZero() || !now.Add(c.Takes).After(c.Deadline) || c.SizeGiB == 0 {
		return 0, 0
	}
	want := min(max(c.Deadline.Sub(now).Truncate(step), shortest), longest)
	if want >= c.Takes {
		return 0, 0 // best effort is as fast
	}
	need := Promised(c.SizeGiB, want)
	if need > left {
		return 0, 0
	}
	return want, need
}

// Promised is the most, in MiB/s, that AWS may have promised to a time-based copy
// of a volume of so many GiB: the whole of it may have to travel.
func Promised(gib int, within time.Duration) int {
	return min(gib*1024/int(max(within, step).Seconds())+1, Speed)
}
