package holding_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/holding"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// scene is run p-1, whose step orders began and failed.
type scene struct {
	t    *testing.T
	book *ledgertest.Ledger
	on   plan.OnFailure
	told []string
	deaf error // what telling people ends in
}

func newScene(t *testing.T, on plan.OnFailure) *scene {
	s := &scene{t: t, book: ledgertest.Started("p", noon), on: on}
	s.note(run.Begun, 0)
	return s
}

func (s *scene) note(event run.Event, attempt int) {
	s.t.Helper()
	if err := s.book.Note(s.t.Context(), "p", run.Entry{Run: "p-1", Step: "orders", Event: event, Attempt: attempt, At: s.book.Now()}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) Tell(_ context.Context, topic, subject, text string) error {
	if s.deaf == nil {
		s.told = append(s.told, topic+": "+subject+"\n"+text)
	}
	return s.deaf
}

// hold is one invocation of hold-step.
func (s *scene) hold() (step.Answer, error) {
	payload := fmt.Sprintf(`{"plan":"p","run":"p-1","step":"orders","on-failure":%q,"notify":"oncall","failure":{"Error":"Pilotlight.Permanent","Cause":"{\"errorMessage\":\"no replica\"}"}}`, s.on)
	return holding.Handler(s.book, s)(s.t.Context(), json.RawMessage(payload))
}

func (s *scene) say(at string, attempt int, word run.Word) {
	s.t.Helper()
	if _, err := s.book.Say(s.t.Context(), "p", run.Answer{Run: "p-1", Step: at, Attempt: attempt, Word: word, By: "ada", Reason: "she knows why"}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) want(status step.Status) step.Answer {
	s.t.Helper()
	answer, err := s.hold()
	if err != nil || answer.Status != status {
		s.t.Fatalf("%+v, %v; want %s", answer, err, status)
	}
	return answer
}

func (s *scene) wantAbort(says string) {
	s.t.Helper()
	if answer, err := s.hold(); failure.ClassOf(err) != failure.Abort || !strings.Contains(err.Error(), says) {
		s.t.Fatalf("%+v, %v; want an abort that says %q", answer, err, says)
	}
}

func (s *scene) events() (events []string) {
	for _, entry := range s.book.Entries("p-1") {
		events = append(events, fmt.Sprintf("%s %d", entry.Event, entry.Attempt))
	}
	return events
}

func TestHold_pausesAndTellsPeopleOnce(t *testing.T) {
	s := newScene(t, plan.Pause)
	for range 3 {
		s.want(step.StatusHold)
		s.book.Wait(time.Minute)
	}
	if len(s.told) != 1 {
		t.Fatalf("people were told %d times", len(s.told))
	}
	for _, says := range []string{"oncall: Pilotlight: run p-1 is held at orders", "no replica", "pilotlight answer p p-1 orders retry", "attempt 1"} {
		if !strings.Contains(s.told[0], says) {
			t.Errorf("the message does not say %q:\n%s", says, s.told[0])
		}
	}
	if diff := cmp.Diff([]string{"begun 0", "failed 0", "held 0"}, s.events()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestHold_asksAgainSoonerTheFresherItIs(t *testing.T) {
	s := newScene(t, plan.Pause)
	for _, c := range []struct {
		passed time.Duration
		wait   int
	}{{0, 5}, {4 * time.Minute, 5}, {2 * time.Minute, 15}, {time.Hour, 60}, {24 * time.Hour, 60}} {
		s.book.Wait(c.passed)
		if answer := s.want(step.StatusHold); answer.WaitSeconds != c.wait {
			t.Errorf("after %s more it waits %d s, want %d", c.passed, answer.WaitSeconds, c.wait)
		}
	}
}

// A day of waiting must fit into an execution's 25,000 events; a look costs ten.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
func TestHold_canLastADay(t *testing.T) {
	s := newScene(t, plan.Pause)
	looks := 0
	for s.book.Now().Before(noon.Add(24 * time.Hour)) {
		answer := s.want(step.StatusHold)
		s.book.Wait(time.Duration(answer.WaitSeconds) * time.Second)
		looks++
	}
	if events := looks * 10; events > 20_000 {
		t.Errorf("a day of waiting is %d events", events)
	}
}

func TestHold_doesWhatThePersonSaid(t *testing.T) {
	s := newScene(t, plan.Pause)
	s.want(step.StatusHold)
	s.say("orders", 0, run.SaySkip)
	for range 2 {
		s.want(step.StatusDone)
	}
	if diff := cmp.Diff([]string{"begun 0", "failed 0", "held 0", "skipped 0"}, s.events()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	s = newScene(t, plan.Pause)
	s.want(step.StatusHold)
	s.say("orders", 0, run.SayAbort)
	for range 2 {
		s.wantAbort("ada said abort to step orders, which had failed: no replica")
	}
}

func TestHold_letsTheStepTryAgainAndAsksAboutTheNextFailure(t *testing.T) {
	s := newScene(t, plan.Pause)
	for attempt := range 3 {
		s.want(step.StatusHold)
		s.say("orders", attempt, run.SayRetry)
		if answer := s.want(step.StatusWait); answer.WaitSeconds != 0 {
			t.Errorf("who said retry waits %d s more", answer.WaitSeconds)
		}
		s.note(run.Begun, attempt+1)
	}
	if len(s.told) != 3 {
		t.Errorf("people were told %d times of three failures", len(s.told))
	}
}

// The step dies before it can write that it began, again and again: each time a
// person is asked, and the machine never goes round by itself.
func TestHold_asksAgainWhenARetriedStepDiesBeforeItBegins(t *testing.T) {
	s := newScene(t, plan.Pause)
	s.want(step.StatusHold)
	s.say("orders", 0, run.SayRetry)
	s.want(step.StatusWait)
	for range 3 {
		s.want(step.StatusHold)
	}
	s.say("orders", 1, run.SayAbort)
	s.wantAbort("ada said abort")
}

func TestHold_doesAtOnceWhatThePlanSays(t *testing.T) {
	s := newScene(t, plan.Abort)
	s.wantAbort("the plan says abort: no replica")
	s = newScene(t, plan.Continue)
	s.want(step.StatusDone)
	if diff := cmp.Diff([]string{"begun 0", "failed 0", "skipped 0"}, s.events()); diff != "" || len(s.told) > 0 {
		t.Errorf("told %d; journal (-want +got):\n%s", len(s.told), diff)
	}
}

func TestHold_endsWhenTheRunIsCancelled(t *testing.T) {
	for _, on := range []plan.OnFailure{plan.Pause, plan.Continue} {
		s := newScene(t, on)
		s.say(run.Whole, 0, run.SayAbort)
		s.wantAbort("the run was cancelled by ada: she knows why")
	}
}

func TestHold_ofAStepThatAsksTakesNoForAnAnswerAndALateYesToo(t *testing.T) {
	s := newScene(t, plan.Pause)
	s.say("orders", 0, run.SayNo)
	s.wantAbort("ada said no")
	s = newScene(t, plan.Pause)
	s.say("orders", 0, run.SayYes)
	s.want(step.StatusWait)
	s.wantAbort("ada said yes to step orders, which had failed") // it was looked at again, and failed for another reason
	if len(s.told) > 0 {
		t.Error("somebody who had answered was asked")
	}
}

func TestHold_isToldTwiceRatherThanNeverAfterACrash(t *testing.T) {
	s := newScene(t, plan.Pause)
	s.book.Break = ledgertest.On("note orders held")
	if _, err := s.hold(); failure.ClassOf(err) != failure.TryAgain {
		t.Fatal(err)
	}
	s.book.Break = nil
	s.want(step.StatusHold)
	if len(s.told) != 2 {
		t.Errorf("people were told %d times", len(s.told))
	}
	s = newScene(t, plan.Pause)
	s.deaf = ledgertest.ErrDown
	if _, err := s.hold(); failure.ClassOf(err) != failure.TryAgain {
		t.Errorf("%v; want an error that time mends", err)
	}
	s.deaf = nil
	s.want(step.StatusHold)
}

func TestHold_isRefusedToARunThatIsOver(t *testing.T) {
	s := newScene(t, plan.Pause)
	over, err := s.book.Of("p").Closed(run.Dirty, noon)
	if err != nil {
		t.Fatal(err)
	}
	s.book.Set(over)
	s.book.Calls()
	if _, err := s.hold(); failure.ClassOf(err) != failure.RunOver || ledgertest.Writes(s.book.Calls()) > 0 {
		t.Errorf("%v; want a refusal", err)
	}
}

func TestEvents_holdAStep(t *testing.T) {
	for name, raw := range repository.Events(t, "hold-step") {
		book := ledgertest.Started("storefront", noon)
		if answer, err := holding.Handler(book, newScene(t, ""))(t.Context(), raw); err != nil || answer.Status != step.StatusHold {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

func FuzzHandler(f *testing.F) {
	for _, raw := range repository.Events(f, "hold-step") {
		f.Add(raw)
	}
	for _, raw := range []string{``, `null`, `[]`, `{}`, `{"plan":"storefront","run":"storefront-1","step":"orders","on-failure":"abort"}`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		book := ledgertest.Started("storefront", noon)
		_, err := holding.Handler(book, newScene(t, ""))(t.Context(), raw)
		if class := failure.ClassOf(err); class == failure.TryAgain || class == failure.BadInput && len(book.Calls()) > 0 {
			t.Errorf("%q: %v", raw, err)
		}
	})
}
