package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

func bursts(out figures) error {
	for key, foreign := range map[string]int{"burst": 0, "burstBesideOthers": 12} {
		ratio, copied, busy, mutations, err := burst(foreign)
		if err != nil {
			return err
		}
		out.set("protect."+key+".ofBound", ratio)
		out.set("protect."+key+".dropped", 100-copied)
		out.set("protect."+key+".slotsBusy", busy)
		out.set("protect."+key+".secondPassMutations", mutations)
	}
	return nil
}

func survival(out figures) error {
	worst, bare, spare, err := survive()
	out.set("protect.survive.worstAgeOfRPO", worst)
	out.set("protect.survive.mutationsWithoutLineage", bare)
	out.set("protect.survive.spareCopies", spare)
	return err
}

// cost is one pass's own work over 10,000 points, 5,000 on a side, of which a
// tenth is due and a tenth missing: processor time of this process, and all that
// was allocated, which is more than was ever live.
func cost(out figures) error {
	const each = 5000
	now := time.Unix(noon, 0).UTC()
	var volumes []backlog.Volume
	var sources, copies []lineage.Point
	for i := range each {
		volume, server := fmt.Sprint("vol-", i%1000), fmt.Sprint("i-", i%500)
		if i < 1000 {
			volumes = append(volumes, backlog.Volume{ID: volume, Instance: server})
		}
		p := lineage.Point{
			ID: fmt.Sprint("snap-", i), Set: fmt.Sprint(server, "-", i/1000), SetSize: 2, Policy: "data", Instance: server, Origin: volume,
			TakenAt: now.Add(-time.Duration(i/1000) * time.Hour), State: lineage.Complete, SizeGiB: 100,
		}
		p.Started = p.TakenAt
		c := p
		c.ID, c.Source, c.Done = "copy-"+p.ID, p.ID, c.Started.Add(10*time.Minute)
		sources = append(sources, p)
		if i >= 1000 || i%10 != 0 {
			copies = append(copies, c)
		}
	}
	pass := func() {
		backlog.DueInstances(volumes, sources, time.Hour, now)
		missing := backlog.Missing(sources, copies, backlog.Policy{Every: time.Hour, RPO: 2 * time.Hour}, now)
		missing.Start(backlog.Room{Slots: 20, Free: 20, Speed: backlog.Together}, now)
		rules := retention.Rules{Keep: plan.Keep{Hourly: 24, Daily: 7, Weekly: 4, Monthly: 12}, RPO: 2 * time.Hour}
		for _, side := range [][]lineage.Point{sources, copies} {
			retention.Moves(retention.Select(side, rules, now, retention.Guards{Copied: missing.Outstanding}), now)
		}
	}
	pass()
	runtime.GC()
	const times = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := processor()
	for range times {
		pass()
	}
	took := processor() - began
	runtime.ReadMemStats(&after)
	out.set("protect.cpuMillis", float64(took.Microseconds())/1000/times)
	out.set("protect.heapMiB", float64(after.TotalAlloc-before.TotalAlloc)/times/(1<<20))
	return nil
}

// processor is the processor time that this process has used, the collector's
// included.
func processor() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// histories runs retention's property tests with more histories than a test of
// every day has.
func histories(out figures) error {
	const many = 100_000
	test := exec.Command("go", "test", "./pkg/retention", "-run", "RandomHistories", "-count=1", "-args", fmt.Sprint("-histories=", many))
	test.Stdout, test.Stderr = os.Stdout, os.Stderr
	if err := test.Run(); err != nil {
		return err
	}
	out.set("retention.histories", many)
	out.set("retention.brokenPromises", 0)
	return nil
}

// feasible plays loads that can be carried. No planner can miss fewer deadlines
// than none, so optimalMisses is 0; that 85 % of an upper bound of what can be
// carried can be carried is shown by doing so.
func feasible(out figures) error {
	var all score
	worst := float64(backlog.Slots)
	for _, l := range []load{{5000, 0.85, 2, 1}, {1000, 0.85, 2, 2}, {1000, 0.85, 2, 3}, {300, 0.85, 2.5, 4}} {
		w := l.world()
		w.run(max(5*w.policy.Every/2, 3*time.Hour), backlog.Copies.Start)
		fmt.Printf("  %d volumes every %s: %d copies, %d misses, %d dropped, %.2f slots busy\n", l.volumes, w.policy.Every, w.score.begun, w.score.misses, w.score.dropped, w.score.slots())
		all.misses, all.dropped = all.misses+w.score.misses, all.dropped+w.score.dropped
		all.behind, all.busy = all.behind+w.score.behind, all.busy+w.score.busy
		worst = min(worst, w.score.slots())
	}
	out.set("protect.misses", all.misses)
	out.set("protect.optimalMisses", 0)
	out.set("protect.dropped", all.dropped)
	out.set("protect.slotsBusy", all.slots())
	out.set("protect.slotsBusyInTheWorstLoad", worst)
	return nil
}

// overload plays twice what can be carried under the product and under every
// constant policy.
func overload(out figures) error {
	names := append(slices.Sorted(maps.Keys(constant)), "pilotlight")
	within, slots := make([]float64, len(names)), make([]float64, len(names))
	var both sync.WaitGroup
	turns := make(chan struct{}, runtime.NumCPU())
	for i, name := range names {
		both.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			w := load{400, 2, 2, 1}.world()
			choose := chooser(backlog.Copies.Start)
			if name != "pilotlight" {
				choose = constant[name](w)
			}
			w.run(12*w.policy.Every, choose)
			within[i], slots[i] = w.score.within/w.score.lasted, w.score.slots()
		})
	}
	both.Wait()
	best := 0
	for i, name := range names[:len(names)-1] {
		fmt.Printf("  %-14s %.3f within their RPO\n", name, within[i])
		if within[i] > within[best] {
			best = i
		}
	}
	mine := len(names) - 1
	fmt.Printf("  %-14s %.3f within their RPO\n", names[mine], within[mine])
	out.set("protect.overload.withinRPO", within[mine])
	out.set("protect.overload.slotsBusy", slots[mine])
	out.set("protect.overload.bestConstant", names[best])
	out.set("protect.overload.bestConstantWithinRPO", within[best])
	out.set("protect.overload.ofBestConstant", within[mine]/within[best])
	return nil
}
