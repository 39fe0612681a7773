package drill_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const drilled = "storefront-1"

// world is a drill, the steps that it went through and what they have made. A step
// takes back what it made in as many looks as it needs.
type world struct {
	t     *testing.T
	book  *ledgertest.Ledger
	looks map[string]int   // by step: how many until it is done; below 0: it never is
	fails map[string]error // what a step answers instead
	asked []string
	left  []drill.Leftover
	out   bytes.Buffer
}

// drilling is a ledger with a drill under way, whose steps have begun in that order.
func drilling(t *testing.T, steps ...string) *world {
	t.Helper()
	state, err := run.New("storefront").Start(run.Order{Mode: run.Drill, Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, book: ledgertest.New(noon), looks: map[string]int{}, fails: map[string]error{}}
	w.book.Set(state.Opened())
	for i, name := range steps {
		w.looks[name] = 1
		request := fmt.Sprintf(`{"op":"advance","plan":"storefront","run":"storefront-1","step":%q}`, name)
		w.note(run.Entry{Run: drilled, Step: name, Event: run.Begun, At: noon.Add(time.Duration(i) * time.Second), Kind: plan.Kind("kind-of-" + name), Request: json.RawMessage(request)})
	}
	return w
}

func (w *world) note(entry run.Entry) {
	w.t.Helper()
	if err := w.book.Note(w.t.Context(), "storefront", entry); err != nil {
		w.t.Fatal(err)
	}
}

// interrupted: its execution was stopped, and decide-failover has closed the run.
func (w *world) interrupted() *world {
	w.t.Helper()
	closed, err := w.book.Of("storefront").Closed(run.Dirty, noon)
	if err != nil {
		w.t.Fatal(err)
	}
	w.book.Set(closed)
	w.book.Wait(10 * time.Minute)
	return w
}

func (w *world) Ask(ctx context.Context, _, function string, raw json.RawMessage) (step.Answer, error) {
	var request step.Request[struct{}]
	if err := json.Unmarshal(raw, &request); err != nil || request.Op != step.Undo || function != "kind-of-"+request.Step {
		w.t.Errorf("%s was asked %s (%v)", function, raw, err)
	}
	w.asked = append(w.asked, request.Step)
	if err := w.fails[request.Step]; err != nil {
		return step.Answer{}, err
	}
	w.looks[request.Step]--
	if w.looks[request.Step] != 0 {
		return step.Answer{Status: step.StatusWait, WaitSeconds: 5, Detail: "shutting down"}, nil
	}
	return step.Answer{Status: step.StatusDone}, w.book.Note(ctx, "storefront", run.Entry{Run: drilled, Step: request.Step, Event: run.Undone, At: noon})
}

func (w *world) List(context.Context, string, string) ([]drill.Leftover, error) { return w.left, nil }

func (w *world) pass() (drill.Answer, error) {
	raw, err := os.ReadFile("../../events/reap-drills/schedule.json")
	if err != nil {
		w.t.Fatal(err)
	}
	w.asked = nil
	return drill.Reaper{Ledger: w.book, Steps: w, Remains: w, Out: &w.out}.Handle(w.t.Context(), raw)
}

func (w *world) must() drill.Answer {
	w.t.Helper()
	answer, err := w.pass()
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

func TestHandle_takesBackTheNewestFirstUntilNothingIsLeft(t *testing.T) {
	w := drilling(t, "orders", "web", "host").interrupted()
	w.looks["web"] = 2
	answer := w.must()
	if diff := cmp.Diff([]string{"host", "web"}, w.asked); diff != "" || len(answer.Reaped) != 0 {
		t.Errorf("the first pass, which waits for web: %+v\n%s", answer, diff)
	}
	answer = w.must()
	if diff := cmp.Diff([]string{"web", "orders"}, w.asked); diff != "" || len(answer.Reaped) != 1 {
		t.Errorf("the second pass: %+v\n%s", answer, diff)
	}
	if left := w.book.Of("storefront").Drills; len(left) != 0 {
		t.Errorf("drills that are still to be reaped: %v", left)
	}
	if answer := w.must(); len(w.asked) != 0 || len(answer.Reaped)+len(answer.Pending) != 0 {
		t.Errorf("a pass after it asked %v and answered %+v", w.asked, answer)
	}
}

func TestHandle_leavesADrillThatGoesOnToItsMachine(t *testing.T) {
	w := drilling(t, "orders")
	w.book.Wait(7 * time.Hour)
	if answer := w.must(); len(w.asked) != 0 || !strings.Contains(answer.Pending[0], "it goes on") {
		t.Errorf("asked %v, answered %+v", w.asked, answer)
	}
	w.book.Wait(2 * time.Hour)
	w.must()
	record, err := w.book.Open(t.Context(), "storefront", drilled)
	if err != nil {
		t.Fatal(err)
	}
	said, cancelled := record.Cancelled()
	if !cancelled || !strings.Contains(said.By, "its time, which was 8h") || len(w.asked) != 0 {
		t.Errorf("after its TTL: cancelled %t by %q, asked %v; want it halted and nothing else", cancelled, said.By, w.asked)
	}
}

func TestHandle_waitsForTheLastFunctionOfADrillThatADisasterEnded(t *testing.T) {
	w := drilling(t, "orders")
	failover, err := w.book.Of("storefront").Start(run.Order{Reason: "us-east-1 is gone"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	w.book.Set(failover.Opened())
	w.book.Wait(time.Minute)
	if w.must(); len(w.asked) != 0 {
		t.Errorf("a minute after the lock was lost it asked %v", w.asked)
	}
	w.book.Wait(2 * time.Minute)
	answer := w.must()
	state := w.book.Of("storefront")
	if len(answer.Reaped) != 1 || len(state.Drills) != 0 || state.Posture != run.FailingOver || state.Run != "storefront-2" {
		t.Errorf("%+v; the state is %+v", answer, state)
	}
}

func TestHandle_asksAgainEachTimeWhatCouldNotBeTakenBack(t *testing.T) {
	w := drilling(t, "orders", "web").interrupted()
	w.fails["web"] = failure.Permanentf("not allowed")
	answer := w.must()
	if diff := cmp.Diff([]string{"web", "orders"}, w.asked); diff != "" || !strings.Contains(answer.Pending[0], "not allowed") {
		t.Errorf("%+v\n%s", answer, diff)
	}
	delete(w.fails, "web") // somebody has allowed it
	answer = w.must()
	if diff := cmp.Diff([]string{"web"}, w.asked); diff != "" || len(answer.Reaped) != 1 {
		t.Errorf("%+v\n%s", answer, diff)
	}
}

func TestHandle_stopsAtAStepThatWasNotHeard(t *testing.T) {
	for name, err := range map[string]error{
		"no answer":       errors.New("connection reset"),
		"it ran too long": failure.Failed{Class: failure.TryAgain, Message: "timed out"},
	} {
		w := drilling(t, "orders", "web").interrupted()
		w.fails["web"] = err
		answer := w.must()
		record, err := w.book.Open(t.Context(), "storefront", drilled)
		if err != nil {
			t.Fatal(err)
		}
		if _, left := record.First("web", run.Left); left || len(w.asked) != 1 || len(answer.Pending) != 1 {
			t.Errorf("%s: asked %v, answered %+v, given up: %t", name, w.asked, answer, left)
		}
	}
}

func TestHandle_beginsNothingThatItHasNoTimeFor(t *testing.T) {
	w := drilling(t, "orders").interrupted()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := drill.Reaper{Ledger: w.book, Steps: w, Remains: w, Out: &w.out}.Handle(ctx, json.RawMessage(`{"plan":"storefront","recovery":"us-west-2","ttl":"8h"}`))
	if err != nil || len(w.asked) != 0 || len(answer.Pending) != 1 {
		t.Errorf("asked %v with a minute left: %+v, %v", w.asked, answer, err)
	}
}

// A crash between any two calls costs a pass and nothing else.
func TestHandle_canDieAnywhere(t *testing.T) {
	for calls := 0; ; calls++ {
		w := drilling(t, "orders", "web").interrupted()
		made := 0
		w.book.Break = func(string) error {
			made++
			if made > calls {
				return ledgertest.ErrDown
			}
			return nil
		}
		_, err := w.pass()
		w.book.Break = nil
		if w.looks["orders"], w.looks["web"] = 1, 1; err == nil && made <= calls {
			return
		}
		w.must()
		if left := w.book.Of("storefront").Drills; len(left) != 0 {
			t.Errorf("down after %d calls, and then well: still to be reaped: %v", calls, left)
		}
	}
}

func TestHandle_reportsWhatIsStillThereAfterItsTime(t *testing.T) {
	w := drilling(t)
	w.left = []drill.Leftover{
		{Resource: "volume/of-the-drill-that-goes-on", Run: drilled, Expires: noon.Add(-time.Hour)},
		{Resource: "volume/not-yet", Run: "storefront-0", Expires: noon.Add(time.Hour)},
		{Resource: "volume/stale", Run: "storefront-0", Expires: noon},
		{Resource: "volume/that-does-not-say", Run: "storefront-0"},
	}
	answer := w.must()
	if diff := cmp.Diff(w.left[2:], answer.Leftovers); diff != "" {
		t.Error(diff)
	}
	var line struct{ DrillLeftovers int }
	if err := json.Unmarshal(w.out.Bytes(), &line); err != nil || line.DrillLeftovers != 2 {
		t.Errorf("the metric is %d (%v): %s", line.DrillLeftovers, err, w.out.String())
	}
}

func TestHandle_refusesWhatNobodyMaySend(t *testing.T) {
	w := drilling(t)
	for _, raw := range []string{`{"plan":"storefront"}`, `{"recovery":"us-west-2"}`, `{"plan":"storefront","recovery":"us-west-2","force":true}`, `no`} {
		_, err := drill.Reaper{Ledger: w.book, Steps: w, Remains: w, Out: &w.out}.Handle(t.Context(), json.RawMessage(raw))
		if failure.ClassOf(err) != failure.BadInput {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// Whatever it is sent, a pass that is not refused needs no step: no drill was interrupted.
func FuzzHandle(f *testing.F) {
	for _, raw := range repository.Events(f, "reap-drills") {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		w := drilling(t)
		_, err := drill.Reaper{Ledger: w.book, Steps: w, Remains: w, Out: &w.out}.Handle(t.Context(), raw)
		if class := failure.ClassOf(err); err != nil && class != failure.BadInput || class == failure.BadInput && len(w.book.Calls()) > 0 {
			t.Errorf("%q: %v", raw, err)
		}
	})
}
