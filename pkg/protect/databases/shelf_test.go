package databases

import (
	"fmt"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// A failure leads to an event, and an event to a pass: without a pause that would be
// a loop.
func TestPoint_ofAFailureWithoutATimeIsWaitedAfter(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	failed := snapshot{arn: "arn:1", status: "failed", tags: lineage.DatabaseTags("shop", lineage.Point{Policy: "orders", Set: "s", Origin: "db", TakenAt: noon})}
	points := []lineage.Point{failed.point("us-east-1")}
	now := noon.Add(lineage.Pause - time.Second)
	steps := retention.Moves(retention.Select(points, retention.Rules{}, now, retention.Guards{}), now)
	if len(steps.Delete) > 0 || backlog.Due(points, time.Hour, now) {
		t.Errorf("after %s it is deleted (%v), or another one is due", lineage.Pause-time.Second, steps.Delete)
	}
	now = noon.Add(lineage.Pause)
	if steps = retention.Moves(retention.Select(points, retention.Rules{}, now, retention.Guards{}), now); len(steps.Delete) != 1 {
		t.Errorf("after %s it is not deleted", lineage.Pause)
	}
}

func TestWith_leavesRoomForTheMarkOfRetention(t *testing.T) {
	theirs := map[string]string{}
	for i := range 50 {
		theirs[fmt.Sprint("tag-", i)] = "x"
	}
	ours := lineage.DatabaseTags("shop", lineage.Point{Policy: "orders", Set: "s", Origin: "db"})
	if got := with(theirs, ours); len(got) != 49 {
		t.Errorf("%d tags, and RDS takes 50 with the mark", len(got))
	}
}
