package main

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// score is what a world is judged by.
type score struct {
	waiting int // copies that the last pass left for a later one
	held    int // that wait for another of their volume, or after a failure
	begun   int

	misses  int     // times that an RPO broke
	dropped int     // instances whose newest source set never arrived
	behind  float64 // seconds in which copies waited
	busy    float64 // slots times those seconds
	within  float64 // share of instances within their RPO times seconds
	lasted  float64 // seconds
	last    time.Time
}

// pass counts a stretch of time in which nothing changed.
func (s *score) pass(w *world, d time.Duration) {
	if s.waiting > 0 {
		s.behind += d.Seconds()
		s.busy += d.Seconds() * float64(len(w.flying)+w.foreign)
	}
}

// arrived notes a copy that ended, well or not.
func (s *score) arrived(w *world, of *server, c *lineage.Point) {
	s.last = w.now
	if c.State != lineage.Complete {
		return
	}
	if of.arrived[c.Set] == nil {
		of.arrived[c.Set] = map[string]bool{}
	}
	of.arrived[c.Set][c.Origin] = true
	if len(of.arrived[c.Set]) < c.SetSize || !c.TakenAt.After(of.reached) {
		return
	}
	s.judge(w, of)
	of.reached = c.TakenAt
}

// judge scores a server from when it was judged last until now, all of which it
// lived on the data that has reached the other side.
func (s *score) judge(w *world, of *server) {
	if s.lasted > 0 {
		return
	}
	breaks := of.reached.Add(w.policy.RPO)
	if w.now.After(breaks) {
		s.misses++
	}
	s.within += max(min(w.now.Sub(of.judged), breaks.Sub(of.judged)), 0).Seconds()
	of.judged = w.now
}

// close ends the time that is scored.
func (s *score) close(w *world) {
	for _, of := range w.servers {
		s.judge(w, of)
	}
	s.lasted = w.now.Sub(w.began).Seconds() * float64(len(w.servers))
}

// drained counts what never arrived, although nothing new is taken any more.
func (s *score) drained(w *world) {
	for _, of := range w.servers {
		for _, set := range lineage.Groups(values(nil, of.sources)) {
			if set.Usable() && set.TakenAt.After(of.reached) {
				s.dropped++
				break
			}
		}
	}
}

// slots is how many were busy while copies waited; all of them if none ever did.
func (s *score) slots() float64 {
	if s.behind == 0 {
		return backlog.Slots
	}
	return s.busy / s.behind
}
