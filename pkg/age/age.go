// Package age says how old the recovery points of a policy are, and names the
// metrics that say so: the publisher writes them and alarms hang on them.
//
// Metrics are a policy's and never a source's, because each costs money; which
// source it is, `pilotlight points` tells. The package is pure: pkg/age/publisher
// puts the metrics out.
package age

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// State is how a source stands against the RPO of its policy.
type State string

// OK: its newest usable recovery point is within the RPO. Late: it is older.
// None: there is none at all.
const (
	OK   State = "ok"
	Late State = "late"
	None State = "none"
)

// StateOf a source at a time. An RPO of zero is never broken.
func StateOf(s protect.Source, rpo time.Duration, now time.Time) State {
	switch {
	case s.Newest.IsZero():
		return None
	case rpo > 0 && now.Sub(s.Newest) > rpo:
		return Late
	default:
		return OK
	}
}

// Ages are what is published of a policy.
type Ages struct {
	Sources int
	Beyond  int           // sources whose newest point is beyond the RPO, or that have none
	Oldest  time.Duration // age of the oldest of their newest points
	Known   bool          // whether any source has a point; else Oldest means nothing
}

// Of sums up the sources of a policy at a time.
func Of(policy plan.Policy, sources []protect.Source, now time.Time) Ages {
	sum := Ages{Sources: len(sources)}
	for _, s := range sources {
		state := StateOf(s, policy.RPO.D(), now)
		if state != OK {
			sum.Beyond++
		}
		if state != None {
			sum.Known = true
			sum.Oldest = max(sum.Oldest, now.Sub(s.Newest))
		}
	}
	return sum
}
