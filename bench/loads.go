package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
)

// load describes a world: so many volumes, which ask for so much of what the
// slots and the bandwidth can carry.
type load struct {
	volumes int
	demand  float64 // 1: all that can be carried
	rpo     float64 // in intervals
	seed    uint64
}

// Both limits bind: a copy holds a slot for its setup and at least as long as its
// data takes at full speed, so 20 slots carry at most 20/(setup+mean/500) copies a
// second; together they carry at most 2,000 MiB/s. mean is where one is as tight
// as the other: mean/2000 = (setup+mean/500)/20. No planner can carry more than
// either, so a demand of 1 is an upper bound on what any can.
func (l load) mean() float64 {
	perSlot := setup.Seconds() / backlog.Slots
	return perSlot / (1.0/backlog.Together - 1.0/(backlog.Slots*backlog.Speed))
}

// world builds it. Volumes have 10 GiB to 4 TiB, evenly on a logarithmic scale,
// one to four on an instance; a day changes 0.5 to 10 % of a volume, on the same
// scale, all times what makes the mean copy that of the load. Each instance has a
// whole copy to begin with, of data from within the last interval.
func (l load) world() *world {
	r := rand.New(rand.NewPCG(l.seed, 1))
	w := &world{
		byID: map[string]*server{}, volumes: map[string]*volume{},
		random: rand.New(rand.NewPCG(l.seed, 2)), faults: l.seed, faulty: true,
	}
	w.now = time.Unix(noon, 0).UTC()
	w.began = w.now
	perSecond := l.demand * backlog.Together / l.mean() // copies
	every := time.Duration(float64(l.volumes) / perSecond * float64(time.Second)).Truncate(time.Second)
	w.policy = backlog.Policy{Every: every, RPO: time.Duration(l.rpo * float64(every))}
	total := 0.0
	for len(w.volumes) < l.volumes {
		of := w.add(min(1+r.IntN(4), l.volumes-len(w.volumes)), func() int { return int(scale(r, 10, 4096)) })
		for _, v := range of.volumes {
			v.rate = float64(v.gib) * scale(r, 0.5, 10)
			total += v.rate
		}
	}
	for _, of := range w.servers {
		for _, v := range of.volumes {
			v.rate *= l.demand * backlog.Together / total
		}
		w.seed(of, w.now.Add(-time.Duration(r.Int64N(int64(every)))).Truncate(time.Second))
	}
	return w
}

// add adds a server with volumes.
func (w *world) add(volumes int, gib func() int) *server {
	of := &server{id: fmt.Sprint("i-", len(w.servers)), arrived: map[string]map[string]bool{}, judged: w.now}
	w.servers, w.byID[of.id] = append(w.servers, of), of
	for range volumes {
		v := &volume{id: fmt.Sprint("vol-", len(w.volumes)), of: of, gib: gib()}
		w.volumes[v.id] = v
		of.volumes, of.listed = append(of.volumes, v), append(of.listed, backlog.Volume{ID: v.id, Instance: of.id})
	}
	return of
}

// seed copies a server once.
func (w *world) seed(of *server, taken time.Time) {
	w.ids++
	of.taken, of.reached = taken, taken
	for _, v := range of.volumes {
		p := w.snapshot(v, taken)
		c := *p
		c.ID, c.Source = "first-"+v.id, p.ID
		v.reached = taken
		of.sources, of.copies = append(of.sources, p), append(of.copies, &c)
	}
}

// scale draws from a range, evenly on a logarithmic scale.
func scale(r *rand.Rand, from, to float64) float64 {
	return from * math.Pow(to/from, r.Float64())
}
