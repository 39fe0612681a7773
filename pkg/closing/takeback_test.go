package closing_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// takenBack plays the machine's loop: it asks for the next step, has it taken back
// as settle says, and asks again, until there is an end.
func takenBack(t *testing.T, book *ledgertest.Ledger, payload string, settle func(step string) run.Event) (order []string, end string) {
	t.Helper()
	for range 20 {
		answer, err := closeRun(t, book, payload)
		if err != nil {
			t.Fatal(err)
		}
		payload = succeeded // what the loop sends from then on
		if answer.Request == nil {
			return order, answer.Status
		}
		var request struct{ Op, Step string }
		if err := json.Unmarshal(answer.Request, &request); err != nil || request.Op != "undo" || answer.Status != "verify" {
			t.Fatalf("%+v, %v; want the request of a verify step, to undo it", answer, err)
		}
		order = append(order, request.Step)
		book.Wait(time.Minute)
		if event := settle(request.Step); event != "" {
			if err := book.Note(t.Context(), "storefront", run.Entry{Run: "storefront-1", Step: request.Step, Event: event, At: book.Now(), Detail: "Mend " + request.Step + "."}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatalf("no end after %v", order)
	return nil, ""
}

func always(event run.Event) func(string) run.Event { return func(string) run.Event { return event } }

func three() []run.Entry {
	return journal("pear begun", "pear done", "melon begun", "melon done", "apple begun", "apple failed")
}

func TestHandler_hasAnAbortedRunTakenBackNewestFirst(t *testing.T) {
	book := running(t, three())
	order, end := takenBack(t, book, aborted, always(run.Undone))
	if diff := cmp.Diff([]string{"apple", "melon", "pear"}, order); diff != "" || end != "Aborted" {
		t.Errorf("%s; taken back (-want +got):\n%s", end, diff)
	}
	if state := book.Of("storefront"); state.Posture != run.Standby || state.End != run.Aborted {
		t.Errorf("state %+v", state)
	}
}

func TestHandler_asksForTheSameStepUntilItIsTakenBack(t *testing.T) {
	looks := 0
	order, end := takenBack(t, running(t, journal("pear begun")), aborted, func(string) run.Event {
		if looks++; looks < 3 {
			return ""
		}
		return run.Undone
	})
	if len(order) != 3 || end != "Aborted" {
		t.Errorf("%s after %v", end, order)
	}
}

func TestHandler_goesOnTakingBackBehindWhatIsLeft(t *testing.T) {
	book := running(t, three())
	order, end := takenBack(t, book, aborted, func(step string) run.Event {
		if step == "melon" {
			return run.Left
		}
		return run.Undone
	})
	if diff := cmp.Diff([]string{"apple", "melon", "pear"}, order); diff != "" || end != "Dirty" {
		t.Errorf("%s; taken back (-want +got):\n%s", end, diff)
	}
	entries := book.Entries("storefront-1")
	if last := entries[len(entries)-1]; last.Detail != "Dirty: ada said abort; left: Mend melon." {
		t.Errorf("the journal ends with %q", last.Detail)
	}
}

func TestHandler_takesADrillBackAtItsEndAndWhenItFails(t *testing.T) {
	for payload, want := range map[string]string{succeeded: "Recovered", failed: "Aborted"} {
		book := running(t, journal("orders begun", "orders done"))
		drill := book.Of("storefront")
		drill.Posture, drill.Mode, drill.Drills = run.Drilling, run.Drill, []string{"storefront-1"}
		book.Set(drill)
		order, end := takenBack(t, book, payload, always(run.Undone))
		if len(order) != 1 || end != want {
			t.Errorf("%s after %v; want %s", end, order, want)
		}
		if state := book.Of("storefront"); state.Posture != run.Standby || len(state.Drills) > 0 {
			t.Errorf("state %+v", state)
		}
	}
}

func TestHandler_carriesOutACancelThatCameWithTheLastStep(t *testing.T) {
	book := running(t, journal("orders begun", "orders done"))
	if _, err := book.Say(t.Context(), "storefront", run.Answer{Run: "storefront-1", Step: run.Whole, Word: run.SayAbort, By: "ada"}); err != nil {
		t.Fatal(err)
	}
	if order, end := takenBack(t, book, succeeded, always(run.Undone)); len(order) != 1 || end != "Aborted" {
		t.Errorf("%s after %v; want what was promised to the person", end, order)
	}
}

const couldNot = `{"plan":"storefront","run":"storefront-1","steps":["pear"],"failure":{"Error":"Runtime.ExitError","Cause":"it crashed"},` +
	`"taking":{"op":"undo","plan":"storefront","run":"storefront-1","step":"apple"}}`

func TestHandler_leavesTheStepWhoseTakingBackFailedAndNoOther(t *testing.T) {
	book := running(t, three())
	if answer, err := closeRun(t, book, aborted); err != nil || answer.Detail != "take back apple" {
		t.Fatalf("%+v, %v", answer, err)
	}
	for range 3 { // the function crashes after its entry, and is invoked again
		answer, err := closeRun(t, book, couldNot)
		if err != nil || answer.Detail != "take back melon" {
			t.Errorf("%+v, %v; want the next step", answer, err)
		}
	}
	var left []string
	for _, entry := range book.Entries("storefront-1") {
		if entry.Event == run.Left {
			left = append(left, entry.Step)
		}
	}
	if diff := cmp.Diff([]string{"apple"}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if _, end := takenBack(t, book, succeeded, always(run.Undone)); end != "Dirty" {
		t.Errorf("ended %s", end)
	}
}

func TestHandler_takesNothingBackOfARunThatFailedOtherwise(t *testing.T) {
	order, end := takenBack(t, running(t, three()), strings.Replace(failed, "Permanent", "Unheard", 1), always(run.Undone))
	if len(order) > 0 || end != "Dirty" {
		t.Errorf("%s after %v; want everything left as it is", end, order)
	}
}

func TestHandler_goesOnAfterACrashWhereverItWas(t *testing.T) {
	for _, call := range []string{"note run undoing", "note run done", "swap"} {
		book := running(t, journal("pear begun"))
		book.Break = ledgertest.On(call)
		payload := aborted
		if answer, err := closeRun(t, book, payload); err == nil {
			if answer.Detail != "take back pear" {
				t.Fatalf("%+v", answer)
			}
			payload = succeeded
		}
		book.Break = nil
		if _, end := takenBack(t, book, payload, always(run.Undone)); end != "Aborted" {
			t.Errorf("after a crash at %s: %s", call, end)
		}
	}
}
