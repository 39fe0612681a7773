package main

import (
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// chooser decides what a pass begins. The product's is Copies.Start.
type chooser func(backlog.Copies, backlog.Room, time.Time) []backlog.Copy

// pass does what snapshots.Rotation does, with the same decisions.
func (w *world) pass(choose chooser, taking bool) {
	if taking {
		w.takeDue()
	}
	w.stirred = false
	missing := w.missing()
	w.score.waiting, w.score.held = len(missing.Wanted), missing.Held
	if len(missing.Wanted) == 0 {
		return
	}
	for _, c := range choose(missing, w.room(), w.now) {
		if !w.begin(c) {
			break
		}
		w.score.waiting--
		w.score.begun++
	}
}

// takeDue takes what is due. The planner is shown only the servers of which no
// point was begun for most of an interval: by its own rule no other is due, and
// with thousands of them a pass is over sooner. It still says which are due.
func (w *world) takeDue() {
	var volumes []backlog.Volume
	var points []lineage.Point
	for _, of := range w.servers {
		if w.now.Sub(of.taken) > w.policy.Every*3/4 {
			volumes = append(volumes, of.listed...)
			points = values(points, of.sources)
		}
	}
	for _, instance := range backlog.DueInstances(volumes, points, w.policy.Every, w.now) {
		if !w.take(w.byID[instance]) {
			return
		}
	}
}

// missing is the backlog. The planner is shown only the servers that have a newer
// point than the newest whole copy: of the others nothing can be missing, so that
// what it says is the same.
func (w *world) missing() backlog.Copies {
	var sources, copies []lineage.Point
	for _, of := range w.servers {
		if of.taken.After(of.reached) {
			sources, copies = values(sources, of.sources), values(copies, of.copies)
		}
	}
	return backlog.Missing(sources, copies, w.policy, w.now)
}

func (w *world) room() backlog.Room {
	room := backlog.Room{Slots: backlog.Slots - w.foreign, Speed: backlog.Together}
	room.Free = room.Slots - len(w.flying)
	for _, m := range w.flying {
		if m.floor > 0 {
			room.Speed -= backlog.Promised(m.volume.gib, m.within)
		}
	}
	return room
}

// retire deletes what retention lets go, at once: its two phases are for people.
func (w *world) retire() {
	outstanding := w.missing().Outstanding
	for _, of := range w.servers {
		of.sources = w.retained(of.sources, retention.Guards{Copied: outstanding})
		of.copies = w.retained(of.copies, retention.Guards{})
	}
}

func (w *world) retained(points []*lineage.Point, guards retention.Guards) []*lineage.Point {
	stays := map[string]bool{}
	rules := retention.Rules{Keep: plan.Keep{Hourly: 2}, RPO: w.policy.RPO}
	for _, v := range retention.Select(values(nil, points), rules, w.now, guards) {
		stays[v.Point.ID] = v.Keep
	}
	return slices.DeleteFunc(points, func(p *lineage.Point) bool { return !stays[p.ID] })
}

// run plays the world for so long, then takes nothing more and lets the backlog
// run dry, so that what was dropped shows.
func (w *world) run(lasts time.Duration, choose chooser) {
	end := w.now.Add(lasts)
	w.nextTik = w.now
	retires := w.now.Add(w.policy.Every / 4)
	for w.now.Before(end) {
		w.step(choose, true)
		if w.now.After(retires) {
			w.retire()
			retires = w.now.Add(w.policy.Every / 4)
		}
	}
	w.score.close(w)
	// Twenty intervals are many times what the backlog needs: one that has not run
	// dry by then has dropped something.
	limit := end.Add(20 * w.policy.Every)
	for w.now.Before(limit) && (w.stirred || len(w.flying)+len(w.taking)+w.score.waiting+w.score.held > 0) {
		w.step(choose, false)
	}
	w.score.drained(w)
}

func (w *world) step(choose chooser, taking bool) {
	w.advance(w.next())
	w.settle()
	due := !w.now.Before(w.nextTik)
	if due {
		w.nextTik = w.now.Add(tick)
	}
	if due || !w.nudged.IsZero() && !w.now.Before(w.nudged) {
		w.nudged = time.Time{}
		w.pass(choose, taking)
	}
}

func values(all []lineage.Point, points []*lineage.Point) []lineage.Point {
	for _, p := range points {
		all = append(all, *p)
	}
	return all
}
