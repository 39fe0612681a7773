package decide_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	two := plan.Detect{Mode: plan.Automatic, Alarms: []plan.Alarm{{Name: "a", Region: "us-west-2"}, {Name: "b", Region: "us-west-2"}}}
	manual := two
	manual.Mode = plan.Manual
	active := run.New("p")
	active.Posture = run.Active
	cases := []struct {
		name   string
		detect plan.Detect
		state  run.State
		alarms []decide.AlarmState
		want   decide.Verdict
	}{
		{"starts when every alarm is in ALARM", two, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.Start},
		{"holds when one alarm is alone", two, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.OK}, decide.Hold},
		{"holds when the other cannot be read", two, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.Unreadable}, decide.Hold},
		{"ignores when data is missing everywhere", two, run.New("p"), []decide.AlarmState{decide.InsufficientData, decide.InsufficientData}, decide.Ignore},
		{"ignores when all is well", two, run.New("p"), []decide.AlarmState{decide.OK, decide.OK}, decide.Ignore},
		{"only says so in manual mode", manual, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.Hold},
		{"ignores a plan that has failed over", two, active, []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.Ignore},
		{"never starts without alarms", plan.Detect{Mode: plan.Automatic}, run.New("p"), nil, decide.Ignore},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var sights []decide.Sight
			for i, state := range c.alarms {
				sights = append(sights, decide.Sight{Alarm: c.detect.Alarms[i], State: state})
			}
			got, reason := decide.Decide(c.detect, c.state, sights)
			if got != c.want || reason == "" {
				t.Errorf("Decide = %s (%q), want %s with a reason", got, reason, c.want)
			}
		})
	}
}

// world is a ledger, alarms and a state machine in memory. It fails loudly on
// what a decider must never do.
type world struct {
	t      *testing.T
	state  run.State
	now    time.Time
	alarms decide.AlarmState
	runs   map[string]string // input by execution name
	status decide.Execution  // what Status answers of an execution that exists
	writes int
	// lost makes the next Start fail before it reached Step Functions.
	lost bool
}

func (w *world) State(context.Context, string) (run.State, time.Time, error) {
	return w.state, w.now, nil
}

func (w *world) Swap(_ context.Context, was, next run.State) error {
	if was.Version != w.state.Version {
		return run.ErrConflict
	}
	w.writes++
	next.Version++
	w.state = next
	return nil
}

func (w *world) Read(_ context.Context, alarms []plan.Alarm) ([]decide.Sight, error) {
	var sights []decide.Sight
	for _, alarm := range alarms {
		sights = append(sights, decide.Sight{Alarm: alarm, State: w.alarms})
	}
	return sights, nil
}

func (w *world) Note(context.Context, string, run.Entry) error {
	w.t.Error("a journal entry was written")
	return nil
}

func (w *world) Start(_ context.Context, state run.State) error {
	name, input := state.Run, state.Input
	if w.lost {
		w.lost = false
		return errors.New("connection reset")
	}
	if was, ok := w.runs[name]; ok && was != input {
		w.t.Errorf("execution %s was started with two inputs", name)
	}
	w.runs[name] = input
	return nil
}

func (w *world) Status(_ context.Context, state run.State) (decide.Execution, error) {
	if _, ok := w.runs[state.Run]; !ok {
		return decide.Execution{}, nil
	}
	status := w.status
	status.Exists = true
	return status, nil
}

func newWorld(t *testing.T) (*world, decide.Decider) {
	w := &world{t: t, state: run.New("storefront"), now: noon, alarms: decide.InAlarm, runs: map[string]string{}}
	return w, decide.Decider{Ledger: w, Alarms: w, Executions: w}
}

func event(t testing.TB, name string) json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "events", "decide-failover", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestHandle_startsOneRunHoweverOftenItIsTold(t *testing.T) {
	w, decider := newWorld(t)
	for range 5 {
		for _, name := range []string{"alarm-state-change.json", "tick.json", "manual.json"} {
			if _, err := decider.Handle(t.Context(), event(t, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(w.runs) != 1 || w.writes != 1 {
		t.Errorf("%d executions and %d writes, want one of each", len(w.runs), w.writes)
	}
}

func TestHandle_sendsALostStartAgainWithTheSameInput(t *testing.T) {
	w, decider := newWorld(t)
	w.lost = true
	if _, err := decider.Handle(t.Context(), event(t, "tick.json")); err == nil {
		t.Fatal("the lost start was not reported")
	}
	w.now = noon.Add(time.Minute)
	output, err := decider.Handle(t.Context(), event(t, "tick.json"))
	if err != nil {
		t.Fatal(err)
	}
	if w.runs["storefront-1"] != w.state.Input || w.writes != 1 {
		t.Errorf("after %+v: runs %v, writes %d; want the journalled input sent again", output, w.runs, w.writes)
	}
}

func TestHandle_closesARunWhoseExecutionEndedWithoutClosing(t *testing.T) {
	w, decider := newWorld(t)
	if _, err := decider.Handle(t.Context(), event(t, "tick.json")); err != nil {
		t.Fatal(err)
	}
	w.state = w.state.Opened()
	w.status = decide.Execution{Over: true, Ended: noon, Outcome: "TIMED_OUT"}
	w.now = noon.Add(time.Minute)
	if output, err := decider.Handle(t.Context(), event(t, "tick.json")); err != nil || output.Verdict != decide.Hold || w.state.Phase == run.Over {
		t.Fatalf("within the grace: %+v, %v, phase %s; want the lock kept", output, err, w.state.Phase)
	}
	w.now = noon.Add(3 * time.Minute)
	if _, err := decider.Handle(t.Context(), event(t, "tick.json")); err != nil {
		t.Fatal(err)
	}
	if w.state.End != run.Dirty || w.state.Posture != run.NeedsPerson {
		t.Errorf("the run ended %q and the plan is %s; want Dirty and needs-person", w.state.End, w.state.Posture)
	}
}

func TestHandle_refusesAndIgnoresWithoutAWrite(t *testing.T) {
	stranger := strings.Replace(string(event(t, "alarm-state-change.json")), `"alarmName": "storefront-checkout"`, `"alarmName": "somebody-elses"`, 1)
	unknown := strings.Replace(string(event(t, "alarm-state-change.json")), "CloudWatch Alarm State Change", "CloudWatch Alarm Configuration Change", 1)
	cases := []struct {
		name, input string
		class       failure.Class // "": ignored
	}{
		{"an alarm of somebody else", stranger, ""},
		{"an event of another kind", unknown, ""},
		{"a misspelt field", `{"plan":"p","detct":{}}`, failure.BadInput},
		{"no plan", `{"detect":{"mode":"automatic","alarms":[]}}`, failure.BadInput},
		{"a start by hand without a reason", `{"plan":"p","manual":{}}`, failure.BadInput},
		{"no JSON", `now!`, failure.BadInput},
		{"an alarm event without a detail", `{"plan":"p","event":{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change"}}`, failure.BadInput},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w, decider := newWorld(t)
			output, err := decider.Handle(t.Context(), json.RawMessage(c.input))
			if failure.ClassOf(err) != c.class {
				t.Errorf("error %v of class %q, want class %q", err, failure.ClassOf(err), c.class)
			}
			if c.class == "" && (output.Verdict != decide.Ignore || output.Reason == "") {
				t.Errorf("output %+v, want Ignore with a reason", output)
			}
			if w.writes != 0 || len(w.runs) != 0 {
				t.Errorf("%d writes and %d runs, want none", w.writes, len(w.runs))
			}
		})
	}
}

func FuzzHandle(f *testing.F) {
	for _, name := range []string{"alarm-state-change.json", "tick.json", "manual.json"} {
		f.Add([]byte(event(f, name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, decider := newWorld(t)
		output, err := decider.Handle(t.Context(), raw)
		if err != nil && w.writes > 0 {
			t.Errorf("an input that was refused (%v) wrote", err)
		}
		if err == nil && output.Reason == "" {
			t.Errorf("%q was decided without a reason", raw)
		}
	})
}
