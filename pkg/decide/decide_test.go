package decide_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestDecide(t *testing.T) {
	two := plan.Detect{Mode: plan.Automatic, Quorum: 2, Alarms: []plan.Alarm{{Name: "a", Region: "us-west-2"}, {Name: "b", Region: "us-west-2"}}}
	manual, asking, held := two, two, two
	manual.Mode, asking.Mode = plan.Manual, plan.ByApproval
	held.Hold = plan.Duration(2 * time.Hour)
	silent := two
	silent.Alarms = []plan.Alarm{{Name: "a", NoData: plan.Disaster}, {Name: "b", NoData: plan.Disaster, Unreadable: plan.Disaster}}
	maintained := two
	maintained.Windows = []plan.Window{{Days: []string{"sun"}, From: "11:00", To: "13:00"}}
	active, aborted := run.New("p"), run.New("p")
	active.Posture = run.Active
	aborted.End, aborted.Since, aborted.Run = run.Aborted, noon.Add(-50*time.Minute), "p-1"
	cooling := two
	cooling.Cooldown = plan.Duration(time.Hour)
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
		{"holds when nobody knows anything", unknown(two), run.New("p"), []decide.AlarmState{decide.InsufficientData, decide.Unreadable}, decide.Hold},
		{"ignores when all is well", two, run.New("p"), []decide.AlarmState{decide.OK, decide.OK}, decide.Ignore},
		{"only says so in manual mode", manual, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.Hold},
		{"asks in mode approve", asking, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.AskApproval},
		{"holds until the quorum has lasted", held, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.Hold},
		{"starts on silence that counts, beside an alarm", silent, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.InsufficientData}, decide.Start},
		{"asks when silence is all there is", silent, run.New("p"), []decide.AlarmState{decide.InsufficientData, decide.InsufficientData}, decide.AskApproval},
		{"asks when an alarm that cannot be read completes the quorum", silent, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.Unreadable}, decide.AskApproval},
		{"asks in a maintenance window", maintained, run.New("p"), []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.AskApproval},
		{"asks soon after an aborted run", cooling, aborted, []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.AskApproval},
		{"ignores a plan that has failed over", two, active, []decide.AlarmState{decide.InAlarm, decide.InAlarm}, decide.Ignore},
		{"never starts without alarms", plan.Detect{Mode: plan.Automatic}, run.New("p"), nil, decide.Ignore},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var sights []decide.Sight
			for i, state := range c.alarms {
				sight := decide.Sight{Alarm: c.detect.Alarms[i], State: state, Since: noon.Add(-time.Hour)}
				if state == decide.Unreadable {
					sight.Since = time.Time{}
				}
				sights = append(sights, sight)
			}
			got := decide.Decide(c.detect, c.state, decide.Count(c.detect, sights), nil, noon)
			if got.Verdict != c.want || got.Reason == "" {
				t.Errorf("%+v; want %s with a reason", got, c.want)
			}
		})
	}
}

// The ledger's clock may be a few seconds behind CloudWatch's.
func TestDecide_holdsWhileTheQuorumIsInTheFuture(t *testing.T) {
	alarm := plan.Alarm{Name: "a", Region: "us-west-2"}
	detect := plan.Detect{Mode: plan.Automatic, Quorum: 1, Alarms: []plan.Alarm{alarm}}
	for ahead, want := range map[time.Duration]decide.Verdict{0: decide.Start, 2 * time.Second: decide.Hold} {
		seen := decide.Count(detect, []decide.Sight{{Alarm: alarm, State: decide.InAlarm, Since: noon.Add(ahead)}})
		if got := decide.Decide(detect, run.New("p"), seen, nil, noon); got.Verdict != want {
			t.Errorf("%s ahead: %+v, want %s", ahead, got, want)
		}
	}
}

func TestHandle_asksWhenAHistoryCannotBeRead(t *testing.T) {
	_, above, decider := newWorld(t)
	above.unread = errors.New("no answer")
	output, err := decider.Handle(t.Context(), event(t, "tick.json"))
	if err != nil || output.Verdict != decide.AskApproval || len(above.started) > 0 {
		t.Errorf("%+v, %v, and %d executions; want a question, because it may flap", output, err, len(above.started))
	}
}

// unknown is a detection whose alarms count for nothing when they say nothing.
func unknown(d plan.Detect) plan.Detect {
	d.Alarms = slices.Clone(d.Alarms)
	for i := range d.Alarms {
		d.Alarms[i].NoData, d.Alarms[i].Unreadable = plan.Unknown, plan.Unknown
	}
	return d
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
	book, above, decider := newWorld(t)
	for range 5 {
		for _, name := range []string{"alarm-state-change.json", "tick.json", "manual.json"} {
			if _, err := decider.Handle(t.Context(), event(t, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(above.started) != 1 || starts(book, "storefront-1") != 1 || book.Of("storefront").Epoch != 1 {
		t.Errorf("%d executions, %d entries, %+v; want one of each", len(above.started), starts(book, "storefront-1"), book.Of("storefront"))
	}
}

func TestHandle_sendsALostStartAgainWithTheSameInput(t *testing.T) {
	book, above, decider := newWorld(t)
	above.lost = true
	if _, err := decider.Handle(t.Context(), event(t, "tick.json")); err == nil {
		t.Fatal("the lost start was not reported")
	}
	book.Wait(time.Minute)
	output, err := decider.Handle(t.Context(), event(t, "tick.json"))
	if err != nil {
		t.Fatal(err)
	}
	state := book.Of("storefront")
	if above.started["storefront-1"].Input != state.Input || state.Epoch != 1 || starts(book, "storefront-1") != 1 {
		t.Errorf("after %+v: started %v, %+v; want the journalled input sent again", output, above.started, state)
	}
}

func TestHandle_closesARunWhoseExecutionEndedWithoutClosing(t *testing.T) {
	book, above, decider := newWorld(t)
	if _, err := decider.Handle(t.Context(), event(t, "tick.json")); err != nil {
		t.Fatal(err)
	}
	book.Set(book.Of("storefront").Opened())
	above.status = decide.Execution{Over: true, Ended: noon, Outcome: "TIMED_OUT"}
	book.Wait(time.Minute)
	if output, err := decider.Handle(t.Context(), event(t, "tick.json")); err != nil || output.Verdict != decide.Hold || !book.Of("storefront").UnderWay() {
		t.Fatalf("within the grace: %+v, %v, %+v; want the lock kept", output, err, book.Of("storefront"))
	}
	book.Wait(2 * time.Minute)
	if _, err := decider.Handle(t.Context(), event(t, "tick.json")); err != nil {
		t.Fatal(err)
	}
	if state := book.Of("storefront"); state.End != run.Dirty || state.Posture != run.NeedsPerson {
		t.Errorf("the run ended %q and the plan is %s; want Dirty and needs-person", state.End, state.Posture)
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
			book, above, decider := newWorld(t)
			output, err := decider.Handle(t.Context(), json.RawMessage(c.input))
			if failure.ClassOf(err) != c.class {
				t.Errorf("error %v of class %q, want class %q", err, failure.ClassOf(err), c.class)
			}
			if c.class == "" && (output.Verdict != decide.Ignore || output.Reason == "") {
				t.Errorf("output %+v, want Ignore with a reason", output)
			}
			if writes := ledgertest.Writes(book.Calls()); writes != 0 || len(above.started) != 0 {
				t.Errorf("%d writes and %d runs, want none", writes, len(above.started))
			}
		})
	}
}

func FuzzHandle(f *testing.F) {
	for _, name := range []string{"alarm-state-change.json", "tick.json", "manual.json"} {
		f.Add([]byte(event(f, name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		book, _, decider := newWorld(t)
		output, err := decider.Handle(t.Context(), raw)
		if failure.ClassOf(err) == failure.BadInput && ledgertest.Writes(book.Calls()) > 0 {
			t.Errorf("an input that was refused (%v) wrote", err)
		}
		if err == nil && output.Reason == "" {
			t.Errorf("%q was decided without a reason", raw)
		}
	})
}
