package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// The world's own constants. What is AWS's has its page; the rest is said in the
// package comment.
const (
	setup   = time.Minute     // of a copy: no data travels
	window  = 5 * time.Second // in which a burst of events becomes one pass
	tick    = 5 * time.Minute // the schedule
	mishap  = 0.05            // of calls refused, copies failed, events lost and doubled: each
	takings = 100             // https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
	noon    = 1795348800      // 2026-11-22 12:00 UTC, where every world begins
)

// server is a protected instance of the world, with what both regions hold of it.
type server struct {
	id      string
	volumes []*volume
	listed  []backlog.Volume
	sources []*lineage.Point
	copies  []*lineage.Point

	taken   time.Time                  // when its newest point was begun
	reached time.Time                  // data of its newest whole set on the other side
	arrived map[string]map[string]bool // set → volumes of it that arrived
	judged  time.Time                  // until when its RPO was scored
}

// volume is a protected volume of a server.
type volume struct {
	id       string
	of       *server
	gib      int
	rate     float64   // changed MiB a second
	attempts int       // copies of it that AWS took
	reached  time.Time // data of its newest copy
}

// changed is how much a copy carries that follows one of older data: what was
// written in between, and a block that was written twice only once.
func (v *volume) changed(between time.Duration) float64 {
	size := float64(v.gib) * 1024
	return size * (1 - math.Exp(-v.rate*between.Seconds()/size))
}

// making is a snapshot or a copy that AWS is at.
type making struct {
	point  *lineage.Point
	volume *volume
	ready  time.Time     // a snapshot's end; of a copy, when its data begins to travel
	left   float64       // MiB
	stops  float64       // left at which the copy fails; negative: it does not
	within time.Duration // that a time-based copy was asked for; zero: best effort
	floor  float64       // MiB/s that it was promised
}

// world is two regions and the volumes of one policy, in data time.
type world struct {
	policy  backlog.Policy
	servers []*server
	byID    map[string]*server
	volumes map[string]*volume

	began   time.Time
	now     time.Time
	taking  []*making
	flying  []*making
	foreign int // slots that another tool holds

	stirred bool      // something ended that no pass has seen yet
	nudged  time.Time // when the pass begins that an event asks for; zero: none
	nextTik time.Time
	ids     int
	random  *rand.Rand
	faults  uint64 // seeds which attempt at which volume fails
	faulty  bool
	fixed   time.Duration // zero, or what each copy takes whatever its size

	score score
}

// unlucky says whether something fails that must not depend on the policy: the
// same attempt at the same volume fails under every policy.
func (w *world) unlucky(v *volume, attempt int) bool {
	if !w.faulty {
		return false
	}
	r := rand.New(rand.NewPCG(w.faults+uint64(attempt)*7919, hash(v.id)))
	return r.Float64() < mishap
}

func (w *world) chance() bool { return w.faulty && w.random.Float64() < mishap }

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// nudge is an event, doubled or lost now and then. A doubled one falls into the
// same window.
func (w *world) nudge() {
	if w.nudged.IsZero() && !w.chance() {
		w.nudged = w.now.Add(window)
	}
}

// next is when something happens: a pass, a snapshot's end, a copy's.
func (w *world) next() time.Time {
	at := w.nextTik
	sooner := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	if !w.nudged.IsZero() {
		sooner(w.nudged)
	}
	for _, m := range w.taking {
		sooner(m.ready)
	}
	speeds := w.speeds()
	for i, m := range w.flying {
		switch {
		case m.ready.After(w.now):
			sooner(m.ready)
		case speeds[i] > 0:
			sooner(w.now.Add(time.Duration((m.left-max(m.stops, 0))/speeds[i]*float64(time.Second)).Truncate(time.Millisecond) + time.Millisecond))
		}
	}
	return at
}

// speeds shares what all copies get together: first what was promised, then the
// rest evenly, and no copy gets more than one may have.
func (w *world) speeds() []float64 {
	speeds := make([]float64, len(w.flying))
	left, open := float64(backlog.Together), 0
	for i, m := range w.flying {
		if m.ready.After(w.now) {
			continue
		}
		speeds[i] = min(m.floor, left)
		left -= speeds[i]
		open++
	}
	if open == 0 {
		return speeds
	}
	share := left / float64(open)
	for i, m := range w.flying {
		if !m.ready.After(w.now) {
			speeds[i] = min(speeds[i]+share, backlog.Speed)
		}
	}
	return speeds
}

// advance lets time pass, in which nothing begins or ends.
func (w *world) advance(to time.Time) {
	speeds := w.speeds()
	for i, m := range w.flying {
		m.left -= speeds[i] * to.Sub(w.now).Seconds()
	}
	w.score.pass(w, to.Sub(w.now))
	w.now = to
}

// settle ends what is over.
func (w *world) settle() {
	w.taking = keep(w.taking, func(m *making) bool {
		if m.ready.After(w.now) {
			return true
		}
		m.point.State, m.point.Done = lineage.Complete, w.now
		w.stirred = true
		w.nudge()
		return false
	})
	w.flying = keep(w.flying, func(m *making) bool {
		c := m.point
		switch {
		case m.ready.After(w.now):
			return true
		case m.stops >= 0 && m.left <= m.stops:
			c.State = lineage.Failed
		case m.left <= 0:
			c.State, c.Done = lineage.Complete, w.now
			if c.TakenAt.After(m.volume.reached) {
				m.volume.reached = c.TakenAt
			}
		default:
			return true
		}
		w.stirred = true
		w.nudge()
		w.score.arrived(w, m.volume.of, c)
		return false
	})
}

func keep(all []*making, stays func(*making) bool) []*making {
	kept := all[:0]
	for _, m := range all {
		if stays(m) {
			kept = append(kept, m)
		}
	}
	return kept
}

// take snapshots the volumes of an instance, as one CreateSnapshots call does.
func (w *world) take(of *server) bool {
	if len(w.taking) >= takings || w.chance() {
		return false
	}
	w.ids++
	of.taken = w.now
	for _, v := range of.volumes {
		p := w.snapshot(v, w.now)
		p.State = lineage.Pending
		ready := w.now.Add(time.Minute + time.Duration(w.random.Int64N(int64(4*time.Minute))))
		w.taking = append(w.taking, &making{point: p, volume: v, ready: ready})
		of.sources = append(of.sources, p)
	}
	return true
}

// snapshot is a complete source point of a volume.
func (w *world) snapshot(v *volume, taken time.Time) *lineage.Point {
	return &lineage.Point{
		ID: fmt.Sprintf("snap-%d-%s", w.ids, v.id), Set: fmt.Sprintf("%s-%d", v.of.id, w.ids), SetSize: len(v.of.volumes), Policy: "data",
		Instance: v.of.id, Origin: v.id, TakenAt: taken, Started: taken, State: lineage.Complete, SizeGiB: v.gib,
	}
}

// begin is a CopySnapshot call; false is a refusal for the quota or the rate.
func (w *world) begin(c backlog.Copy) bool {
	if len(w.flying)+w.foreign >= backlog.Slots || w.chance() {
		return false
	}
	v := w.volumes[c.Origin]
	w.ids++
	p := c.Point
	p.ID, p.Source, p.State, p.Started, p.Done = fmt.Sprintf("copy-%d", w.ids), c.ID, lineage.Pending, w.now, time.Time{}
	m := &making{point: &p, volume: v, ready: w.now.Add(setup), stops: -1}
	m.left = v.changed(c.TakenAt.Sub(v.reached))
	if w.fixed > 0 {
		m.ready, m.left = w.now.Add(w.fixed), 0
	}
	if c.Within > 0 {
		m.within, m.floor = c.Within, min(backlog.Speed, m.left/(c.Within-setup).Seconds())
	}
	v.attempts++
	if w.unlucky(v, v.attempts) {
		m.stops = m.left / 2
	}
	w.flying = append(w.flying, m)
	v.of.copies = append(v.of.copies, &p)
	return true
}
