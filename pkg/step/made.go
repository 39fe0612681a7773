package step

import (
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// Made are the tags of everything that the step makes, for its create call. They
// are the same at every look, because AWS refuses a token that comes with another
// request: a drill's time to live counts from when the step began.
func (r Run) Made() map[string]string {
	tags := map[string]string{lineage.Plan: r.Plan, lineage.Run: r.ID, lineage.Step: r.Step}
	if r.Drill != nil {
		tags[lineage.Drill] = r.ID
		tags[lineage.Expires] = r.Began.Add(r.Drill.TTL.D()).UTC().Format(time.RFC3339)
	}
	return tags
}

// Mine says whether something was made by this step of this run.
func (r Run) Mine(tags map[string]string) bool {
	return tags[lineage.Plan] == r.Plan && tags[lineage.Run] == r.ID && tags[lineage.Step] == r.Step
}

// Called are the tags of the instances that a plan means by a name: in a drill those
// that this very drill launched, under its name for them, and no other.
func (r Run) Called(name string) map[string]string {
	tags := map[string]string{"Name": r.Drill.Named(name)}
	if r.Drill != nil {
		tags[lineage.Drill] = r.ID
	}
	return tags
}

// Remember is the value of the tag Before: how a thing was, and whose memory that
// is. It is written on the thing before it is changed, so that a crash between the
// two leaves a memory too many and never a change without one.
//
// It is the run's and not the step's, because a thing has one such tag: of two steps
// that change one thing the first writes how it was, and the second leaves that
// alone. Whichever is taken back first puts the thing back to before the run.
func (r Run) Remember(was string) string { return r.memory() + was }

// Remembered is what this run wrote with Remember.
func (r Run) Remembered(tags map[string]string) (was string, ok bool) {
	return strings.CutPrefix(tags[lineage.Before], r.memory())
}

func (r Run) memory() string { return r.ID + " " }
