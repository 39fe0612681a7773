package run_test

import (
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

func reserved(t *testing.T, mode run.Mode) run.State {
	t.Helper()
	state, err := run.New("p").Reserve(run.Order{Mode: mode, Reason: "for all-3", Parent: "all-3"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestFreed_startsAReservedRunInTheModeThatItsParentIsInByNow(t *testing.T) {
	was := reserved(t, run.Planned)
	if was.Phase != run.Reserved || was.Parent() != "all-3" || !was.UnderWay() || was.Holds("p-1") != nil {
		t.Fatalf("reserved: %+v", was)
	}
	freed, err := was.Freed(run.Unplanned)
	if err != nil || freed.Phase != run.Starting || freed.Mode != run.Unplanned || freed.Epoch != was.Epoch {
		t.Fatalf("%+v, %v", freed, err)
	}
	if given, err := freed.Given(); err != nil || given.Mode != run.Unplanned || given.Parent != "all-3" || given.Run != "p-1" {
		t.Errorf("input %+v, %v", given, err)
	}
	if _, err := was.Freed(run.Drill); err == nil {
		t.Error("a reserved failover became a drill")
	}
}

func TestReserved_isGivenBackAsIfNothingHadBeen(t *testing.T) {
	for _, mode := range []run.Mode{run.Unplanned, run.Planned, run.Drill, run.Repair} {
		state, err := reserved(t, mode).Closed(run.Aborted, noon.Add(time.Minute))
		if err != nil || state.Posture != run.Standby || state.UnderWay() || len(state.Drills) > 0 {
			t.Errorf("%s: %+v, %v", mode, state, err)
		}
	}
}

func TestOf_knowsARunByItsPlan(t *testing.T) {
	for id, want := range map[string]bool{"all-3": true, "all-33": true, "all": false, "all-": false, "all-eu-3": false, "small-3": false, "": false} {
		if got := run.Of("all", id); got != want {
			t.Errorf("%q is one of plan all: %t", id, got)
		}
	}
}

func TestReachedAndHeading_areOfTheModesThatLeadSomewhere(t *testing.T) {
	own, err := run.New("p").Start(run.Order{Reason: "its own alarms"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	active, err := own.Closed(run.Recovered, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name             string
		state            run.State
		mode             run.Mode
		reached, heading bool
	}{
		{"standby, failover", run.New("p"), run.Unplanned, false, false},
		{"active, failover", active, run.Unplanned, true, false},
		{"active, failback", active, run.Failback, false, false},
		{"standby, failback", run.New("p"), run.Failback, true, false},
		{"standby, drill", run.New("p"), run.Drill, false, false},
		{"failing over by itself, failover", own, run.Planned, false, true},
		{"failing over by itself, drill", own, run.Drill, false, false},
		{"reserved, failover", reserved(t, run.Unplanned), run.Unplanned, false, false},
	} {
		if c.state.Reached(c.mode) != c.reached || c.state.Heading(c.mode) != c.heading {
			t.Errorf("%s: reached %t, heading %t", c.name, c.state.Reached(c.mode), c.state.Heading(c.mode))
		}
	}
}
