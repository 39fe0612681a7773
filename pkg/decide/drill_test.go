package decide_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const drilled = "storefront-1"

// drilling is a drill under way whose plan has an alarm for disasters and one that
// stops drills.
func drilling(t *testing.T) (*ledgertest.Ledger, *sky, decide.Decider) {
	t.Helper()
	state, err := run.New("storefront").Start(run.Order{Mode: run.Drill, Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	book, above, decider := newWorld(t)
	book.Set(state.Opened())
	above.other, above.started[drilled] = decide.OK, state
	return book, above, decider
}

const tick = `{"plan":"storefront","detect":{"mode":%q,"alarms":[{"name":"down","region":"us-west-2"}]},"drill":[{"name":"checkout","region":"us-west-2"}]%s}`

func decideNow(t *testing.T, decider decide.Decider, mode plan.Mode, more string) decide.Output {
	t.Helper()
	output, err := decider.Handle(t.Context(), json.RawMessage(fmt.Sprintf(tick, mode, more)))
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func halted(t *testing.T, book *ledgertest.Ledger) (string, bool) {
	t.Helper()
	record, err := book.Open(t.Context(), "storefront", drilled)
	if err != nil {
		t.Fatal(err)
	}
	said, ok := record.Cancelled()
	return said.By, ok
}

func TestHandle_haltsADrillWhoseAlarmGoesOff(t *testing.T) {
	for _, c := range []struct {
		state decide.AlarmState
		halts bool
	}{{decide.InAlarm, true}, {decide.OK, false}, {decide.InsufficientData, false}, {decide.Unreadable, false}} {
		book, above, decider := drilling(t)
		above.alarms["checkout"] = c.state
		for range 3 {
			decideNow(t, decider, plan.Automatic, "")
		}
		by, ok := halted(t, book)
		if ok != c.halts || ok && by != "alarm checkout, which is in ALARM" {
			t.Errorf("%s: halted %t by %q", c.state, ok, by)
		}
		if state := book.Of("storefront"); state.Posture != run.Drilling || state.Run != drilled {
			t.Errorf("%s: the lock is %s's and the plan is %s: its machine has to take the drill back", c.state, state.Run, state.Posture)
		}
	}
}

func TestHandle_letsADisasterGoBeforeADrill(t *testing.T) {
	byHand := `,"manual":{"reason":"us-east-1 is gone"}`
	for name, c := range map[string]struct {
		mode  plan.Mode
		alarm decide.AlarmState
		more  string
		goes  bool
	}{
		"every alarm, automatic":     {plan.Automatic, decide.InAlarm, "", true},
		"every alarm, manual":        {plan.Manual, decide.InAlarm, "", false},
		"no alarm":                   {plan.Automatic, decide.OK, "", false},
		"a person":                   {plan.Manual, decide.OK, byHand, true},
		"a person, for a second one": {plan.Manual, decide.OK, `,"manual":{"reason":"again","mode":"drill"}`, false},
		"a person, for a repair":     {plan.Manual, decide.OK, `,"manual":{"reason":"data","mode":"repair"}`, false},
	} {
		book, above, decider := drilling(t)
		above.alarms["down"] = c.alarm
		output := decideNow(t, decider, c.mode, c.more)
		state := book.Of("storefront")
		if goes := state.Posture == run.FailingOver; goes != c.goes {
			t.Errorf("%s: %+v; the plan is %s", name, output, state.Posture)
		}
		if !c.goes {
			continue
		}
		if next := above.started["storefront-2"]; next.Input != state.Input || !state.Interrupted(drilled) || state.From != run.Standby {
			t.Errorf("%s: started with %+v, the state is %+v", name, next, state)
		}
	}
}

func TestHandle_leavesADrillWhoseExecutionWasStoppedToTheReaper(t *testing.T) {
	book, above, decider := drilling(t)
	above.status = decide.Execution{Over: true, Ended: noon, Outcome: "ABORTED"}
	book.Wait(3 * time.Minute)
	decideNow(t, decider, plan.Automatic, "")
	state := book.Of("storefront")
	if state.Posture != run.Standby || state.End != run.Dirty || !state.Interrupted(drilled) {
		t.Errorf("the state is %+v; want standby, and a drill to reap", state)
	}
}
