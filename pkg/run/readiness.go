package run

import (
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Until when nobody's word on a step or a policy counts any more: checks come every
// half hour and ages every five minutes, and one that is late is forgiven.
const (
	ReadyFor = 70 * time.Minute
	AgedFor  = 15 * time.Minute
)

// Readiness is what would stop a step if it ran at that moment. It is looked for
// every half hour, with the step's own role.
type Readiness struct {
	Course   plan.Course `json:"course,omitempty"`
	Step     string      `json:"step"`
	Problems []string    `json:"problems,omitempty"` // none: it is ready
	At       time.Time   `json:"at"`
	// Since is when the first of the looks in a row was that found problems; zero: this
	// look found none.
	Since time.Time `json:"since,omitzero"`
}

// After is r as it is kept when was is what the look before found.
func (r Readiness) After(was Readiness) Readiness {
	switch {
	case len(r.Problems) == 0:
		r.Since = time.Time{}
	case len(was.Problems) == 0 || was.Since.IsZero():
		r.Since = r.At
	default:
		r.Since = was.Since
	}
	return r
}

// Age is how old the data are that a policy would bring back, as it was seen last.
type Age struct {
	Policy  string    `json:"policy"`
	Newest  time.Time `json:"newest,omitzero"`   // of the source that is furthest behind; zero: one has nothing usable
	At      time.Time `json:"at,omitzero"`       // when that was seen; zero: never
	Beyond  bool      `json:"beyond,omitempty"`  // they were older than the policy's RPO then, or there were none
	Problem string    `json:"problem,omitempty"` // why it could not be seen again since; empty: it could
}

// Course is which of a plan's state machines runs of the mode are executions of.
// Drills share the failover's.
func (m Mode) Course() plan.Course {
	switch m {
	case Failback:
		return plan.CourseFailback
	case Repair:
		return plan.CourseRepair
	}
	return plan.CourseRecover
}

// Ahead says whether a run of the course goes on, or may be the next one: a step of
// another is not ready and need not be, such as those of a failback in standby.
func (s State) Ahead(c plan.Course) bool {
	for mode, posture := range during {
		if mode.Course() == c && (s.Posture == posture || slices.Contains(moves[s.Posture], posture)) {
			return true
		}
	}
	return false
}
