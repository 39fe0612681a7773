package step

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestHandler_journalsThatAStepBeginsBeforeItsFirstAct(t *testing.T) {
	s := newScene(t, pending)
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	s.wantCalls("open", "note orders begun", "open", "advance")
	s.book.Wait(time.Minute)
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	s.wantCalls("open", "advance")
}

func TestHandler_doesNothingWithoutAJournalEntry(t *testing.T) {
	for _, call := range []string{"open", "note orders begun"} {
		s := newScene(t, done)
		s.book.Break = ledgertest.On(call)
		if _, err := s.ask("orders"); failure.ClassOf(err) != failure.TryAgain {
			t.Errorf("%s breaks: %v; want an error that time mends", call, err)
		}
		if len(s.told) != 0 {
			t.Errorf("%s breaks: the step acted all the same", call)
		}
	}
}

func TestHandler_goesOnAfterACrashBetweenTheEntryAndTheAct(t *testing.T) {
	s := newScene(t, done)
	crashed := run.Entry{Run: "p-1", Step: "orders", Event: run.Begun, At: noon}
	if err := s.book.Note(t.Context(), "p", crashed); err != nil {
		t.Fatal(err)
	}
	s.book.Wait(3 * time.Minute)
	if answer, err := s.ask("orders"); err != nil || answer.Status != StatusDone {
		t.Fatalf("%+v, %v; want the step done", answer, err)
	}
	if began := s.told[0].Began; !began.Equal(noon) {
		t.Errorf("the step is told that it began at %s; want the entry's time", began)
	}
	if diff := cmp.Diff([]string{"orders begun", "orders done"}, s.entries()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestHandler_goesOnAfterACrashBetweenTheActAndItsEntry(t *testing.T) {
	s := newScene(t, done)
	s.book.Break = ledgertest.On("note orders done")
	if answer, err := s.ask("orders"); failure.ClassOf(err) != failure.TryAgain {
		t.Fatalf("%+v, %v; want an error that time mends: nobody may go on before the outputs are journalled", answer, err)
	}
	s.book.Break = nil
	if answer, err := s.ask("orders"); err != nil || answer.Status != StatusDone {
		t.Fatalf("%+v, %v; want the step done", answer, err)
	}
	if diff := cmp.Diff([]string{"orders begun", "orders done"}, s.entries()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestHandler_doesNothingForARunThatMayNotAct(t *testing.T) {
	started := ledgertest.Started("p", noon).Of("p")
	over, err := started.Closed(run.Aborted, noon)
	if err != nil {
		t.Fatal(err)
	}
	next, err := over.Start(run.Order{Reason: "again"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string]run.State{"its plan never ran": run.New("p"), "it is over": over, "a later run holds the lock": next} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, done)
			s.book.Set(state)
			answer, err := s.ask("orders")
			if failure.ClassOf(err) != failure.RunOver || !cmp.Equal(answer, Answer{}) {
				t.Errorf("%+v, %v; want a refusal", answer, err)
			}
			s.wantCalls("open")
		})
	}
}

func TestHandler_refusesAnInputThatNoOneMaySend(t *testing.T) {
	const right = `{"op":"advance","plan":"p","run":"p-1","step":"orders","recovery":"us-west-2","spec":{}}`
	if _, err := newScene(t, pending).send(right); err != nil {
		t.Fatalf("the input that the others are made from: %v", err)
	}
	for name, payload := range map[string]string{
		"nothing":             ``,
		"null":                `null`,
		"a list":              `[` + right + `]`,
		"two inputs":          right + right,
		"no plan":             strings.Replace(right, `"p"`, `""`, 1),
		"no operation":        strings.Replace(right, `"advance"`, `""`, 1),
		"another operation":   strings.Replace(right, `"advance"`, `"adavnce"`, 1),
		"no run":              strings.Replace(right, `"p-1"`, `""`, 1),
		"no step":             strings.Replace(right, `"orders"`, `""`, 1),
		"no recovery region":  strings.Replace(right, `"us-west-2"`, `""`, 1),
		"a misspelt field":    strings.Replace(right, `"step"`, `"stp"`, 1),
		"a misspelt spec":     strings.Replace(right, `{}`, `{"sise":1}`, 1),
		"a spec of no object": strings.Replace(right, `{}`, `4`, 1),
		"no duration":         strings.Replace(right, `"spec"`, `"timeout":"soon","spec"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, done)
			if answer, err := s.send(payload); failure.ClassOf(err) != failure.BadInput || !cmp.Equal(answer, Answer{}) {
				t.Errorf("%+v, %v; want a refusal", answer, err)
			}
			s.wantCalls()
		})
	}
}

// throttled is an error of the SDK's.
type throttled struct{}

func (throttled) Error() string     { return "slow down" }
func (throttled) ErrorCode() string { return "RequestLimitExceeded" }

func TestHandler_waitsForWhatTimeMends(t *testing.T) {
	for _, err := range []error{throttled{}, fmt.Errorf("describe: %w", throttled{}), context.DeadlineExceeded, errors.New("connection reset")} {
		s := newScene(t, look{err: err})
		answer, got := s.ask("orders")
		if got != nil || answer.Status != StatusWait || answer.WaitSeconds < 5 || answer.Detail != err.Error() {
			t.Errorf("%v: %+v, %v; want a wait that gives the reason", err, answer, got)
		}
		if diff := cmp.Diff([]string{"orders begun"}, s.entries()); diff != "" {
			t.Errorf("%v: journal (-want +got):\n%s", err, diff)
		}
	}
}

func TestHandler_journalsAFailureThatNothingMends(t *testing.T) {
	s := newScene(t, look{err: fmt.Errorf("promote orders: %w", Permanent("there is no replica orders"))})
	answer, err := s.ask("orders")
	if failure.ClassOf(err) != failure.Permanent || !cmp.Equal(answer, Answer{}) {
		t.Errorf("%+v, %v; want a permanent error", answer, err)
	}
	want := []run.Entry{
		{Run: "p-1", Step: "orders", Event: run.Begun, At: noon, Mode: run.Unplanned, Kind: plan.KindVerify, Request: json.RawMessage(asked(Advance, "orders"))},
		{Run: "p-1", Step: "orders", Event: run.Failed, At: noon, Detail: "promote orders: there is no replica orders"},
	}
	if diff := cmp.Diff(want, s.book.Entries("p-1")); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestHandler_endsAStepWhoseRunLostItsLockMeanwhile(t *testing.T) {
	s := newScene(t, look{err: fmt.Errorf("shift traffic: %w", failure.Failed{Class: failure.RunOver, Message: "run p-1 is over"})})
	if answer, err := s.ask("shift"); failure.ClassOf(err) != failure.RunOver || !cmp.Equal(answer, Answer{}) {
		t.Errorf("%+v, %v; want the step ended", answer, err)
	}
}

func TestHandler_givesUpAfterTheTimeoutWithWhatItLastSaw(t *testing.T) {
	s := newScene(t, pending)
	for _, wait := range []time.Duration{0, 10 * time.Minute} {
		s.book.Wait(wait)
		if answer, err := s.ask("orders"); err != nil || answer.Status != StatusWait {
			t.Fatalf("after %s: %+v, %v; want a wait", wait, answer, err)
		}
	}
	s.book.Wait(time.Second)
	_, err := s.ask("orders")
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "10m") || !strings.Contains(err.Error(), "1 of 4") {
		t.Errorf("%v; want a permanent error with the timeout and the last detail", err)
	}
	if diff := cmp.Diff([]string{"orders begun", "orders failed"}, s.entries()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestHandler_takesAStepThatIsDoneHoweverLate(t *testing.T) {
	s := newScene(t, pending, done)
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	s.book.Wait(time.Hour)
	if answer, err := s.ask("orders"); err != nil || answer.Status != StatusDone {
		t.Errorf("%+v, %v; want the step done", answer, err)
	}
}

func TestHandler_journalsOnceThatAStepIsDone(t *testing.T) {
	s := newScene(t, done)
	for range 3 {
		if answer, err := s.ask("orders"); err != nil || answer.Status != StatusDone || answer.WaitSeconds != 0 {
			t.Fatalf("%+v, %v; want the step done", answer, err)
		}
		s.book.Wait(time.Minute)
	}
	s.wantCalls("open", "note orders begun", "open", "advance", "note orders done", "open", "advance", "open", "advance")
}

func TestHandler_showsLaterStepsTheOutputsOfThoseThatAreDone(t *testing.T) {
	s := newScene(t, done, pending, pending)
	for _, step := range []string{"orders", "web", "host"} {
		if _, err := s.ask(step); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]map[string]string{"orders": {"endpoint": "db.example"}}
	if diff := cmp.Diff(want, s.told[2].Outputs); diff != "" {
		t.Errorf("outputs that the third step sees (-want +got):\n%s", diff)
	}
}

func TestHandler_tellsAStepWhichRunItActsFor(t *testing.T) {
	s := newScene(t, pending)
	pins := run.Pins{"data": {{ID: "snap-1"}}}
	if err := s.book.Pin(t.Context(), "p", "p-1", pins); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	want := Run{
		Plan: "p", ID: "p-1", Epoch: 1, Mode: run.Unplanned, Step: "orders", Primary: "us-east-1", Recovery: "us-west-2",
		Now: noon, Began: noon, Pins: pins, Outputs: map[string]map[string]string{},
	}
	if diff := cmp.Diff(want, s.told[0]); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
}

func TestHandler_journalsTheTurnsOfAStepThatMustHold(t *testing.T) {
	s := newScene(t, pending, good, good, look{err: errors.New("timeout")}, pending, good, good)
	var since []time.Time
	for range 7 {
		if _, err := s.ask("verify"); err != nil {
			t.Fatal(err)
		}
		since = append(since, s.told[len(s.told)-1].Good)
		s.book.Wait(time.Minute)
	}
	if diff := cmp.Diff([]string{"verify begun", "verify good", "verify missed", "verify good"}, s.entries()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	first, second, none := noon.Add(time.Minute), noon.Add(5*time.Minute), time.Time{}
	if diff := cmp.Diff([]time.Time{none, none, first, first, none, none, second}, since); diff != "" {
		t.Errorf("good since, as each look was told (-want +got):\n%s", diff)
	}
}

func TestHandler_takesTheLastLookForNoMiss(t *testing.T) {
	s := newScene(t, good, done)
	for range 2 {
		if _, err := s.ask("verify"); err != nil {
			t.Fatal(err)
		}
		s.book.Wait(time.Minute)
	}
	if diff := cmp.Diff([]string{"verify begun", "verify good", "verify done"}, s.entries()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}
