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

var postures = []run.Posture{run.Standby, run.FailingOver, run.Active, run.NeedsPerson, "", "unheard-of"}

// moves are all ways to change a posture.
var moves = map[string]func(run.State) (run.State, error){
	"start":            func(s run.State) (run.State, error) { return s.Start(run.Order{Reason: "a test"}, noon) },
	"close, recovered": func(s run.State) (run.State, error) { return s.Closed(run.Recovered, noon) },
	"close, aborted":   func(s run.State) (run.State, error) { return s.Closed(run.Aborted, noon) },
	"close, dirty":     func(s run.State) (run.State, error) { return s.Closed(run.Dirty, noon) },
	"close, unheard":   func(s run.State) (run.State, error) { return s.Closed("Unheard", noon) },
}

func TestState_moveAsDesignedAndInNoOtherWay(t *testing.T) {
	type way struct {
		from run.Posture
		move string
	}
	designed := map[way]run.Posture{
		{run.Standby, "start"}:                run.FailingOver,
		{run.FailingOver, "close, recovered"}: run.Active,
		{run.FailingOver, "close, aborted"}:   run.Standby,
		{run.FailingOver, "close, dirty"}:     run.NeedsPerson,
	}
	for _, from := range postures {
		for move, by := range moves {
			was := run.State{Plan: "p", Posture: from, Side: run.PrimarySide, Epoch: 4, Run: "p-4", Phase: run.Running, Since: noon.Add(-time.Hour), Version: 9}
			got, err := by(was)
			to, ok := designed[way{from, move}]
			if !ok {
				var refused run.MoveError
				if !errors.As(err, &refused) || refused.From != from || !cmp.Equal(was, got) {
					t.Errorf("%q, %s: became %+v, error %v; want a refusal that changes nothing", from, move, got, err)
				}
				continue
			}
			if err != nil || got.Posture != to || !got.Since.Equal(noon) || got.Version != was.Version || got.Side != was.Side {
				t.Errorf("%q, %s: became %+v, error %v; want %s since noon and nothing else moved", from, move, got, err, to)
			}
		}
	}
}

func TestState_isMovedToNoPostureByWhatARunDoes(t *testing.T) {
	for _, from := range postures {
		s := run.State{Plan: "p", Posture: from}
		for name, after := range map[string]run.State{"opened": s.Opened(), "shifted": s.Shifted(run.RecoverySide)} {
			if after.Posture != from {
				t.Errorf("%q became %q by being %s", from, after.Posture, name)
			}
		}
	}
}

func TestStart_takesTheNextEpochAndFixesTheInput(t *testing.T) {
	state := run.New("storefront")
	for epoch := int64(1); epoch <= 3; epoch++ {
		next, err := state.Start("us-east-1 is gone", noon)
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
		if diff := cmp.Diff(run.Input{Plan: "storefront", Run: name, Epoch: epoch, Reason: "us-east-1 is gone", At: noon}, given); diff != "" {
			t.Errorf("input (-want +got):\n%s", diff)
		}
		if again, err := state.Start("us-east-1 is gone", noon); err != nil || again.Input != next.Input {
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

func at(minute int, step string, event run.Event) run.Entry {
	return run.Entry{Step: step, Event: event, At: noon.Add(time.Duration(minute) * time.Minute)}
}

func TestGoodSince_isTheFirstGoodLookAfterTheLastMiss(t *testing.T) {
	for name, c := range map[string]struct {
		entries []run.Entry
		want    time.Time
	}{
		"no look yet":           {nil, time.Time{}},
		"begun alone":           {[]run.Entry{at(0, "verify", run.Begun)}, time.Time{}},
		"good":                  {[]run.Entry{at(0, "verify", run.Begun), at(1, "verify", run.Good)}, noon.Add(time.Minute)},
		"good, then a miss":     {[]run.Entry{at(1, "verify", run.Good), at(2, "verify", run.Missed)}, time.Time{}},
		"good again":            {[]run.Entry{at(1, "verify", run.Good), at(2, "verify", run.Missed), at(3, "verify", run.Good)}, noon.Add(3 * time.Minute)},
		"another step's misses": {[]run.Entry{at(1, "verify", run.Good), at(2, "other", run.Missed)}, noon.Add(time.Minute)},
	} {
		if got := (run.Record{Entries: c.entries}).GoodSince("verify"); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestRecord_readsTheJournal(t *testing.T) {
	done := at(2, "orders", run.Done)
	done.Outputs = map[string]string{"endpoint": "db.example"}
	record := run.Record{Entries: []run.Entry{at(0, "orders", run.Begun), done, at(3, "web", run.Begun)}}
	if diff := cmp.Diff(map[string]map[string]string{"orders": {"endpoint": "db.example"}}, record.Outputs()); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if found, ok := record.Find("web", run.Begun); !ok || !found.At.Equal(noon.Add(3*time.Minute)) {
		t.Errorf("found %+v, %t", found, ok)
	}
	if found, ok := record.Find("web", run.Done); ok {
		t.Errorf("found %+v, which is not there", found)
	}
	if !record.Acted() || (run.Record{Entries: []run.Entry{done}}).Acted() {
		t.Error("a run may have changed something exactly when a step began")
	}
}

// What lies in a ledger today has to be read by every later version: a change of
// these names is a new Schema.
func TestState_isWrittenAsSchemaOneSays(t *testing.T) {
	state, err := run.New("p").Start(run.Order{Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"schema":1,"plan":"p","posture":"failing-over","side":"primary","epoch":1,"run":"p-1","phase":"starting",` +
		`"input":"{\"plan\":\"p\",\"run\":\"p-1\",\"epoch\":1,\"reason\":\"a test\",\"at\":\"2026-11-22T12:00:00Z\"}",` +
		`"since":"2026-11-22T12:00:00Z","end":"","version":0}`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("the state's JSON (-want +got):\n%s", diff)
	}
}
