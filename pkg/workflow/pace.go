package workflow

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// An execution's history has room for 25,000 events. A look costs nine of them, a
// step that is done at the first look seven; what is left over is for retries, holds
// and taking the run back.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	eventBudget = 21_000
	lookEvents  = 9
	longestRun  = 12 * time.Hour
)

// paces from the one that notices soonest. Least decides for actions of seconds,
// Share for those of minutes, Most for those of hours.
var paces = []step.Pace{
	{Least: 2, Share: 5, Most: 30}, {Least: 2, Share: 5, Most: 60}, {Least: 2, Share: 8, Most: 60}, {Least: 2, Share: 8, Most: 120},
	{Least: 2, Share: 10, Most: 60}, {Least: 2, Share: 10, Most: 120}, {Least: 2, Share: 10, Most: 300},
	{Least: 5, Share: 10, Most: 300}, {Least: 5, Share: 10, Most: 900}, {Least: 10, Share: 10, Most: 900},
	{Least: 20, Share: 10, Most: 1800}, {Least: 40, Share: 10, Most: 1800}, {Least: 60, Share: 10, Most: 3600},
	{Least: 60, Share: 12, Most: 3600}, {Least: 60, Share: 15, Most: 3600}, {Least: 60, Share: 20, Most: 3600},
	{Least: 60, Share: 30, Most: 3600},
}

// pace is the first that fits a run of twelve hours into the history. Looks grow
// slower than a step's age, so a run of that length costs most when all its steps
// take equally long: twelve hours, times how many go at once, divided by how many
// there are; and none takes longer than its timeout.
func pace(steps []plan.Step) step.Pace {
	n, abreast, longest := size(steps)
	each := longestRun * time.Duration(abreast) / time.Duration(max(1, n))
	for _, p := range paces {
		if n*looks(p, min(each, longest))*lookEvents <= eventBudget {
			return p
		}
	}
	return paces[len(paces)-1]
}

// looks at a step that takes that long.
func looks(p step.Pace, long time.Duration) int {
	n := 1
	for age := time.Duration(0); age < long; n++ {
		age += time.Duration(p.Wait(age)) * time.Second
	}
	return n
}

// size is how many steps there are, how many can be under way at once, and the
// longest timeout.
func size(steps []plan.Step) (n, abreast int, longest time.Duration) {
	for _, s := range steps {
		inside := 0
		if s.Kind != "" {
			n, inside, longest = n+1, 1, max(longest, s.Timeout.D())
		}
		for _, branch := range s.Parallel {
			count, width, long := size(branch)
			n, inside, longest = n+count, inside+width, max(longest, long)
		}
		abreast = max(abreast, inside)
	}
	return n, abreast, longest
}
