package run_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var postures = []run.Posture{run.Standby, run.Drilling, run.Repairing, run.FailingOver, run.Active, run.FailingBack, run.NeedsPerson, "", "unheard-of"}

func starting(mode run.Mode) func(run.State) (run.State, error) {
	return func(s run.State) (run.State, error) { return s.Start(run.Order{Reason: "a test", Mode: mode}, noon) }
}

// moves are all ways to change a posture.
var moves = map[string]func(run.State) (run.State, error){
	"start":            starting(""),
	"start planned":    starting(run.Planned),
	"start a drill":    starting(run.Drill),
	"start a failback": starting(run.Failback),
	"start a repair":   starting(run.Repair),
	"close, recovered": func(s run.State) (run.State, error) { return s.Closed(run.Recovered, noon) },
	"close, aborted":   func(s run.State) (run.State, error) { return s.Closed(run.Aborted, noon) },
	"close, dirty":     func(s run.State) (run.State, error) { return s.Closed(run.Dirty, noon) },
	"settle, standby":  func(s run.State) (run.State, error) { return s.Settled(run.Standby, noon) },
	"settle, active":   func(s run.State) (run.State, error) { return s.Settled(run.Active, noon) },
	"settle, failing":  func(s run.State) (run.State, error) { return s.Settled(run.FailingOver, noon) },
}

// designed are the moves that there are: "-" is a refusal.
var designed = map[string]map[run.Posture]run.Posture{
	"start":            {run.Standby: run.FailingOver, run.Drilling: run.FailingOver},
	"start planned":    {run.Standby: run.FailingOver, run.Drilling: run.FailingOver},
	"start a drill":    {run.Standby: run.Drilling},
	"start a failback": {run.Active: run.FailingBack},
	"start a repair":   {run.Standby: run.Repairing},
	"close, recovered": {run.FailingOver: run.Active, run.FailingBack: run.Standby, run.Drilling: run.Standby, run.Repairing: run.Standby},
	"close, aborted":   {run.FailingOver: run.Standby, run.FailingBack: run.Active, run.Drilling: run.Standby, run.Repairing: run.Standby},
	"close, dirty":     {run.FailingOver: run.NeedsPerson, run.FailingBack: run.NeedsPerson, run.Drilling: run.Standby, run.Repairing: run.NeedsPerson},
	"settle, standby":  {run.NeedsPerson: run.Standby},
	"settle, active":   {run.NeedsPerson: run.Active},
	"settle, failing":  {},
}

func TestState_moveAsDesignedAndInNoOtherWay(t *testing.T) {
	for _, from := range postures {
		for move, by := range moves {
			was := run.State{Plan: "p", Posture: from, From: origin(from), Side: run.PrimarySide, Epoch: 4, Run: "p-4", Phase: run.Running, Since: noon.Add(-time.Hour), Version: 9}
			got, err := by(was)
			to, ok := designed[move][from]
			if !ok {
				var refused run.MoveError
				if !errors.As(err, &refused) || refused.From != from || !cmp.Equal(was, got) {
					t.Errorf("%q, %s: became %+v, error %v; want a refusal that changes nothing", from, move, got, err)
				}
				continue
			}
			if err != nil || got.Posture != to || !got.Since.Equal(noon) || got.Version != was.Version {
				t.Errorf("%q, %s: became %+v, error %v; want %s since noon", from, move, got, err, to)
			}
		}
	}
}

// origin is the posture that a run which goes on came from.
func origin(during run.Posture) run.Posture {
	if during == run.FailingBack {
		return run.Active
	}
	return run.Standby
}

func TestStart_refusesAModeThatIsNone(t *testing.T) {
	if got, err := starting("sideways")(run.New("p")); err == nil || !cmp.Equal(got, run.New("p")) {
		t.Errorf("%+v, %v; want a refusal", got, err)
	}
}

func TestStart_ofAFailoverGoesFirstAndKeepsTheDrillForTheReaper(t *testing.T) {
	drill, err := starting(run.Drill)(run.New("p"))
	if err != nil {
		t.Fatal(err)
	}
	disaster, err := starting("")(drill.Opened())
	if err != nil || disaster.From != run.Standby {
		t.Fatalf("%+v, %v; want a failover that came from standby", disaster, err)
	}
	if !disaster.Interrupted("p-1") || disaster.Interrupted("p-2") {
		t.Errorf("drills %v; want the first run to be an interrupted drill", disaster.Drills)
	}
	aborted, err := disaster.Closed(run.Aborted, noon)
	if err != nil || aborted.Posture != run.Standby || !aborted.Interrupted("p-1") {
		t.Errorf("%+v, %v; want standby, and the drill's things still to be looked for", aborted, err)
	}
	if aborted.Reaped("p-1").Interrupted("p-1") {
		t.Error("a drill of which nothing is left is still looked for")
	}
}

func TestClosed_forgetsADrillUnlessItLeftSomething(t *testing.T) {
	for end, left := range map[run.End]bool{run.Recovered: false, run.Aborted: false, run.Dirty: true} {
		drill, err := starting(run.Drill)(run.New("p"))
		if err != nil {
			t.Fatal(err)
		}
		closed, err := drill.Closed(end, noon)
		if err != nil || closed.Interrupted("p-1") != left {
			t.Errorf("%s: drills %v, %v", end, closed.Drills, err)
		}
	}
}

func TestServing_isTheSideWhoseApplicationIsAlive(t *testing.T) {
	for _, c := range []struct {
		state run.State
		want  run.Side
	}{
		{run.State{Posture: run.Standby, Side: run.PrimarySide}, run.PrimarySide},
		{run.State{Posture: run.Drilling, Side: run.PrimarySide}, run.PrimarySide},
		{run.State{Posture: run.FailingOver, Side: run.PrimarySide}, run.PrimarySide},
		{run.State{Posture: run.FailingOver, Side: run.PrimarySide, Turned: true}, run.RecoverySide},
		{run.State{Posture: run.FailingOver, Side: run.RecoverySide}, run.RecoverySide},
		{run.State{Posture: run.Active, Side: run.PrimarySide}, run.RecoverySide}, // no step of the plan moves users
		{run.State{Posture: run.FailingBack, Side: run.RecoverySide}, run.RecoverySide},
		{run.State{Posture: run.FailingBack, Side: run.RecoverySide, Turned: true}, run.PrimarySide},
	} {
		if got := c.state.Serving(); got != c.want {
			t.Errorf("%+v: %s serves, want %s", c.state, got, c.want)
		}
	}
}

func TestResting_isOnlyWhileAnUnplannedFailoverNeedsItsPoints(t *testing.T) {
	for _, c := range []struct {
		state run.State
		want  bool
	}{
		{run.State{Posture: run.Standby}, false},
		{run.State{Posture: run.FailingOver, Mode: run.Unplanned}, true},
		{run.State{Posture: run.FailingOver, Mode: run.Unplanned, Turned: true}, false},
		{run.State{Posture: run.FailingOver, Mode: run.Planned}, false},
		{run.State{Posture: run.Active, Mode: run.Unplanned}, false},
	} {
		if got := c.state.Resting(); got != c.want {
			t.Errorf("%+v: resting is %t", c.state, got)
		}
	}
}

func TestSettled_putsUsersWhereThePersonSaysTheyAre(t *testing.T) {
	for to, side := range map[run.Posture]run.Side{run.Standby: run.PrimarySide, run.Active: run.RecoverySide} {
		for _, was := range []run.Side{run.PrimarySide, run.RecoverySide} {
			got, err := run.State{Plan: "p", Posture: run.NeedsPerson, Side: was}.Settled(to, noon)
			if err != nil || got.Side != side || got.Serving() != side {
				t.Errorf("%s from %s: %+v, %v", to, was, got, err)
			}
		}
	}
}

func TestState_isMovedToNoPostureByWhatARunDoes(t *testing.T) {
	for _, from := range postures {
		s := run.State{Plan: "p", Posture: from}
		shifted := s
		shifted.Side = run.RecoverySide
		for name, after := range map[string]run.State{"opened": s.Opened(), "shifted": shifted} {
			if after.Posture != from {
				t.Errorf("%q became %q by being %s", from, after.Posture, name)
			}
		}
	}
}

func TestStart_takesTheNextEpochAndFixesTheInput(t *testing.T) {
	state := run.New("storefront")
	for epoch := int64(1); epoch <= 3; epoch++ {
		next, err := state.Start(run.Order{Reason: "us-east-1 is gone"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("storefront-%d", epoch)
		if next.Epoch != epoch || next.Run != name || next.Phase != run.Starting || next.End != "" {
			t.Errorf("run %d: %+v", epoch, next)
		}
		given, err := next.Given()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(run.Input{Plan: "storefront", Run: name, Epoch: epoch, Mode: run.Unplanned, Reason: "us-east-1 is gone", At: noon}, given); diff != "" {
			t.Errorf("input (-want +got):\n%s", diff)
		}
		if again, err := state.Start(run.Order{Reason: "us-east-1 is gone"}, noon); err != nil || again.Input != next.Input {
			t.Errorf("the same start has the input %s, then %s, error %v", next.Input, again.Input, err)
		}
		if state, err = next.Opened().Closed(run.Aborted, noon); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHolds_theLockOnlyWhileTheRunIsNotOver(t *testing.T) {
	started, err := run.New("p").Start(run.Order{Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	over, err := started.Opened().Closed(run.Recovered, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		state run.State
		run   string
		holds bool
	}{
		{"a plan that never ran", run.New("p"), "p-1", false},
		{"a run that is starting", started, "p-1", true},
		{"a run under way", started.Opened(), "p-1", true},
		{"a run that is over", over, "p-1", false},
		{"an older run", started, "p-0", false},
		{"a run to come", started, "p-2", false},
		{"no run, of a plan that never ran", run.New("p"), "", false},
	} {
		if err := c.state.Holds(c.run); (err == nil) != c.holds || err != nil && failure.ClassOf(err) != failure.RunOver {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What lies in a ledger today has to be read by every later version: a change of
// these names is a new Schema.
func TestState_isWrittenAsSchemaTwoSays(t *testing.T) {
	state, err := run.New("p").Start(run.Order{Reason: "a test", Mode: run.Drill, AsOf: noon.Add(-time.Hour), Parent: "all-3"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"schema":2,"plan":"p","posture":"drilling","side":"primary","epoch":1,"run":"p-1","phase":"starting",` +
		`"input":"{\"plan\":\"p\",\"run\":\"p-1\",\"epoch\":1,\"mode\":\"drill\",\"reason\":\"a test\",\"at\":\"2026-11-22T12:00:00Z\",` +
		`\"asOf\":\"2026-11-22T11:00:00Z\",\"parent\":\"all-3\"}",` +
		`"since":"2026-11-22T12:00:00Z","end":"","mode":"drill","from":"standby","drills":["p-1"],"version":0}`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("the state's JSON (-want +got):\n%s", diff)
	}
}

// Else keep-fence would fence a primary that serves, in the next run, before that has
// reached its fence: nobody would take that back.
func TestSettled_inStandbyHasNothingToFence(t *testing.T) {
	for to, unfenced := range map[run.Posture]time.Time{run.Standby: {}, run.Active: noon} {
		got, err := run.State{Plan: "p", Posture: run.NeedsPerson, Unfenced: noon}.Settled(to, noon)
		if err != nil || !got.Unfenced.Equal(unfenced) {
			t.Errorf("%s: %+v, %v", to, got, err)
		}
	}
}
