package protect

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// A pass of a planned run goes on, and takes a point that no interval asks for.
func TestBegin_countsOnlyWhatWasTakenSinceARunWantsPoints(t *testing.T) {
	points := []lineage.Point{{ID: "snap-before", TakenAt: noon.Add(-time.Second)}, {ID: "snap-at", TakenAt: noon}}
	for _, tt := range []struct {
		mode   run.Mode
		wanted time.Time
		counts int
	}{
		{run.Planned, noon, 1},
		{run.Planned, time.Time{}, 2},
		{run.Failback, noon.Add(time.Hour), 0},
	} {
		state := run.State{Plan: "storefront", Posture: run.FailingOver, Side: run.PrimarySide, Mode: tt.mode, Wanted: tt.wanted}
		raw := json.RawMessage(`{"plan":"storefront","primary":"us-east-1","recovery":"us-west-2",
			"policy":{"name":"data","volumes":{"tags":{"app":"storefront"}},"every":"30m","rpo":"1h","keep":{}}}`)
		pass, err := RotateSnapshots.Begin(t.Context(), &ledger{state: state}, raw)
		if err != nil || pass.Ignored != "" {
			t.Fatalf("%s: %q, %v; want a pass that goes on", tt.mode, pass.Ignored, err)
		}
		if got := pass.Counted(points); len(got) != tt.counts {
			t.Errorf("%s, wanted from %s: %v count", tt.mode, tt.wanted, got)
		}
	}
}
