package step

import (
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
