package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
)

// The constant policies: each has one order, whatever happens. Like the product
// they copy whole sets, the newest, up to the quota.
var constant = map[string]func(*world) chooser{
	"deadline": func(*world) chooser { return byDeadline },
	"oldest": func(*world) chooser {
		return ordered(func(a, b backlog.Copy) int { return a.TakenAt.Compare(b.TakenAt) })
	},
	"newest": func(*world) chooser {
		return ordered(func(a, b backlog.Copy) int { return b.TakenAt.Compare(a.TakenAt) })
	},
	"smallest": func(*world) chooser {
		return ordered(func(a, b backlog.Copy) int { return cmp.Compare(a.SizeGiB, b.SizeGiB) })
	},
	"name": func(*world) chooser {
		return ordered(func(a, b backlog.Copy) int { return cmp.Compare(a.Subject(), b.Subject()) })
	},
	"cheapest 30%": cheapest(0.30), "cheapest 40%": cheapest(0.40), "cheapest 50%": cheapest(0.50), "cheapest 60%": cheapest(0.60),
	"cheapest 70%": cheapest(0.70), "cheapest 80%": cheapest(0.80), "cheapest 90%": cheapest(0.90),
}

func ordered(by func(a, b backlog.Copy) int) chooser {
	return func(missing backlog.Copies, room backlog.Room, _ time.Time) []backlog.Copy {
		wanted := slices.Clone(missing.Wanted)
		slices.SortStableFunc(wanted, by)
		return wanted[:min(max(room.Free, 0), len(wanted))]
	}
}

var byDeadline = ordered(func(a, b backlog.Copy) int { return a.Deadline.Compare(b.Deadline) })

// cheapest gives up on all but a share of the sources, those that cost least of
// the tighter of slots and bandwidth, which it knows and the product does not;
// these it copies by deadline. With the right share this is the best that a
// policy can do that treats a source always the same.
func cheapest(share float64) func(*world) chooser {
	return func(w *world) chooser {
		var instances []string
		cost := map[string]float64{}
		for instance, of := range w.byID {
			instances = append(instances, instance)
			for _, v := range of.volumes {
				mib := v.changed(w.policy.Every)
				cost[instance] += max((setup.Seconds()+mib/backlog.Speed)/backlog.Slots, mib/backlog.Together)
			}
		}
		slices.SortFunc(instances, func(a, b string) int { return cmp.Or(cmp.Compare(cost[a], cost[b]), cmp.Compare(a, b)) })
		chosen := map[string]bool{}
		for _, instance := range instances[:int(share*float64(len(instances)))] {
			chosen[instance] = true
		}
		return func(missing backlog.Copies, room backlog.Room, now time.Time) []backlog.Copy {
			missing.Wanted = slices.DeleteFunc(slices.Clone(missing.Wanted), func(c backlog.Copy) bool { return !chosen[c.Subject()] })
			return byDeadline(missing, room, now)
		}
	}
}
