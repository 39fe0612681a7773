package age

import (
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// unseen is what is noted of a look that only one side had a part in.
const unseen = "only one of the two regions answers"

// After is what is known of a policy's age after a look at it, when was is what was
// known before. A look that failed takes nothing away of that. One at a single side can
// only add points that have arrived meanwhile, and that of a policy that was well: it
// does not see a source that has no point, or whose points ended long ago, and cannot
// tell how far behind was left what is copied without a pause.
func After(was run.Age, policy plan.Policy, sources []protect.Source, failed error, now time.Time) run.Age {
	within := func(newest, at time.Time) bool {
		return StateOf(protect.Source{Newest: newest}, policy.RPO.D(), at) == OK
	}
	newest := furthest(sources)
	seen := run.Age{Policy: policy.Name, Newest: newest, At: now, Beyond: !within(newest, now)}
	was.Policy = policy.Name
	alone := slices.ContainsFunc(sources, func(s protect.Source) bool { return s.Unseen })
	well := within(was.Newest, was.At)
	switch {
	case failed != nil:
		was.Problem = failed.Error()
	case alone && (seen.Newest.IsZero() || !was.At.IsZero() && (!well || policy.Continuous())):
		was.Problem = unseen
	default:
		return seen
	}
	return was
}

// furthest is the newest usable data of the source that is furthest behind; zero: one
// has none.
func furthest(sources []protect.Source) time.Time {
	var furthest time.Time
	for i, s := range sources {
		if i == 0 || s.Newest.Before(furthest) {
			furthest = s.Newest
		}
	}
	return furthest
}
