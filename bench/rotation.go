package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/snapshots"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// State is a plan in standby, at the simulated AWS's time.
func (e *ec2) State(context.Context, string) (run.State, time.Time, error) {
	return run.State{Posture: run.Standby}, e.now, nil
}

// Pins is none.
func (e *ec2) Pins(context.Context, string) (run.Pins, error) { return nil, nil }

// rotation is the real function's handler on the simulated EC2.
type rotation struct {
	*ec2
	handler *snapshots.Rotation
	input   json.RawMessage
}

func newRotation(e *ec2, every, rpo time.Duration) (*rotation, error) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	input, err := json.Marshal(protect.Input{
		Plan: "bench", Primary: region, Recovery: standby,
		Policy: plan.Policy{
			Name: "data", Volumes: &plan.Selector{Tags: map[string]string{"app": "bench"}},
			Every: plan.Duration(every), RPO: plan.Duration(rpo),
		},
	})
	if err != nil {
		return nil, err
	}
	return &rotation{e, snapshots.New(e.config(), e), input}, nil
}

// pass makes one pass and answers how many calls it made, and how many of them
// changed nothing.
func (r *rotation) pass() (result protect.Result, calls, looks int, err error) {
	r.calls, r.looks = map[string]int{}, 0
	result, err = r.handler.Handle(context.Background(), r.input)
	for _, n := range r.calls {
		calls += n
	}
	return result, calls, r.looks, err
}

// countCalls counts the calls of four kinds of pass over 5,000 volumes, two on an
// instance, beside the least that can do the same: a call for each page of what has
// to be known, and one for each action. What has to be known is the volumes, both
// sides' snapshots, and, when there is something to begin, the due instances'
// devices, the copies in flight and whether the other region encrypts by default.
func countCalls(out figures) error {
	e := newEC2(2500, 2)
	defer e.server.Close()
	r, err := newRotation(e, 24*time.Hour, 72*time.Hour)
	if err != nil {
		return err
	}
	listed := func() int {
		return pages(len(e.volumes), 500) + pages(len(e.snapshots[region]), 1000) + pages(len(e.snapshots[standby]), 1000)
	}
	count := func(kind string, more int) error {
		least := listed() + more
		result, calls, looks, err := r.pass()
		out.set("protect.calls"+kind, calls)
		out.set("protect.minimumCalls"+kind, least+result.Taken+result.Copied)
		out.set("protect.mutations"+kind, calls-looks)
		return err
	}
	if err := count("TakingPass", pages(2500, 200)); err != nil {
		return err
	}
	e.now = e.now.Add(snapping)
	if err := count("PerPass", 2); err != nil { // begins 20 copies
		return err
	}
	e.now = e.now.Add(e.copyTakes)
	e.copyTheRest()
	if err := count("IdlePass", 0); err != nil {
		return err
	}
	e.now = e.now.Add(48 * time.Hour)
	if err := count("TakingAgain", pages(2500, 200)); err != nil {
		return err
	}
	// FIELD.md counts what a volume costs from listing to copy, at no quota.
	create, begin := out["protect.callsTakingPass"].(int), 5000+pages(5000, 500)+2*pages(5000, 1000)+1
	out.set("protect.callsAVolume", float64(create+begin)/5000)
	return nil
}

func pages(items, size int) int { return max((items+size-1)/size, 1) }

// burst copies 100 volumes that are due at once, over the wire, with a pass five
// seconds after whatever ends, and answers how long it took in multiples of
// ceil(100/slots) × D.
func burst(foreign int) (ratio float64, copied, busy, secondPassMutations int, err error) {
	e := newEC2(100, 1)
	defer e.server.Close()
	e.foreign = foreign
	r, err := newRotation(e, 24*time.Hour, 72*time.Hour)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	if _, _, _, err = r.pass(); err != nil {
		return 0, 0, 0, 0, err
	}
	e.now = e.now.Add(snapping)
	due := e.now
	for len(e.snapshots[standby]) < 100 || e.inFlight() > 0 {
		if e.now.Sub(due) > 24*time.Hour {
			return 0, 0, 0, 0, fmt.Errorf("after a day %d of 100 volumes are copied", len(e.snapshots[standby]))
		}
		e.now = e.now.Add(window)
		if _, _, _, err = r.pass(); err != nil {
			return 0, 0, 0, 0, err
		}
		e.now = e.now.Add(e.copyTakes)
		e.settle()
	}
	slots := 20 - foreign
	waves := (100 + slots - 1) / slots
	_, calls, looks, err := r.pass()
	return e.now.Sub(due).Seconds() / (float64(waves) * e.copyTakes.Seconds()), len(e.snapshots[standby]), e.busy, calls - looks, err
}

// survive plays two days of 40 volumes with refusals, and with a caller that
// dies right after one mutation in twenty, and answers the worst age of a newest
// usable copy at the end, in RPOs, the mutations without lineage and the spare
// copies.
func survive() (worst float64, bare, spare int, err error) {
	e := newEC2(20, 2)
	defer e.server.Close()
	e.mishap = mishap
	r, err := newRotation(e, 2*time.Hour, 4*time.Hour)
	if err != nil {
		return 0, 0, 0, err
	}
	for range 2 * 24 * 12 {
		// An error is what a dead caller leaves; the next tick looks again.
		_, _, _, _ = r.pass()
		e.now = e.now.Add(tick)
		e.settle()
	}
	newest, seen := map[string]time.Time{}, map[string]int{}
	for _, s := range e.snapshots[standby] {
		seen[s.tag(lineage.Source)]++
		if at, err := time.Parse(time.RFC3339, s.tag(lineage.TakenAt)); err == nil && s.Status == "completed" && at.After(newest[s.tag(lineage.Origin)]) {
			newest[s.tag(lineage.Origin)] = at
		}
	}
	for _, n := range seen {
		spare += n - 1
	}
	for _, v := range e.volumes {
		worst = max(worst, e.now.Sub(newest[v.ID]).Hours()/4)
	}
	return worst, e.bare, spare, nil
}
