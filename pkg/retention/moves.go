package retention

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// Steps are the verdicts as calls: two phases, so that a wrong verdict is seen
// before it costs a point, and a point that is wanted again loses its mark.
type Steps struct {
	Mark   []Verdict // let go, not marked yet
	Unmark []Verdict // marked, but kept after all
	Delete []Verdict // let go, and the mark's time has come; or failed
}

// Moves turns verdicts into the next steps. A point is never marked and deleted
// by one pass; a failed one is deleted unmarked, because it holds no data and
// counts against the quota of snapshots in flight all the same.
// https://repost.aws/knowledge-center/ebs-snapshot-stuck
func Moves(verdicts []Verdict, now time.Time) Steps {
	var steps Steps
	for _, v := range verdicts {
		marked := !v.Point.Retire.IsZero()
		switch {
		case v.Keep && marked:
			steps.Unmark = append(steps.Unmark, v)
		case !v.Keep && v.Point.State == lineage.Failed:
			steps.Delete = append(steps.Delete, v)
		case !v.Keep && !marked:
			steps.Mark = append(steps.Mark, v)
		case !v.Keep && !now.Before(v.Point.Retire):
			steps.Delete = append(steps.Delete, v)
		}
	}
	return steps
}
