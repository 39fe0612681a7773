package approve_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/step/approve"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// scene is a question of run p-1, asked through the handler that every kind has.
type scene struct {
	t    *testing.T
	book *ledgertest.Ledger
	told []string
}

func newScene(t *testing.T) *scene { return &scene{t: t, book: ledgertest.Started("p", noon)} }

func (s *scene) Tell(_ context.Context, topic, subject, text string) error {
	s.told = append(s.told, topic+": "+subject+"\n"+text)
	return nil
}

func (s *scene) ask(op step.Op, notify string) (step.Answer, error) {
	payload := fmt.Sprintf(`{"op":%q,"plan":"p","run":"p-1","step":"sure","kind":"approve","recovery":"us-west-2","timeout":"30m",`+
		`"pace":{"least":5,"share":10,"most":60},"notify":%q,"spec":{"question":"Is it Tuesday?"}}`, op, notify)
	return step.Handler(s.book, func(string) *approve.Kind { return approve.New(s) })(s.t.Context(), json.RawMessage(payload))
}

func (s *scene) say(word run.Word, attempt int) {
	s.t.Helper()
	if _, err := s.book.Say(s.t.Context(), "p", run.Answer{Run: "p-1", Step: "sure", Attempt: attempt, Word: word, By: "ada", Reason: "the calendar"}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) waits(looks int) {
	s.t.Helper()
	for range looks {
		if answer, err := s.ask(step.Advance, "oncall"); err != nil || answer.Status != step.StatusWait {
			s.t.Fatalf("%+v, %v; want a wait", answer, err)
		}
		s.book.Wait(time.Minute)
	}
}

func TestAdvance_asksOnceAndGoesOnAfterAYes(t *testing.T) {
	s := newScene(t)
	s.waits(4)
	if len(s.told) != 1 || !strings.Contains(s.told[0], "oncall: Pilotlight: run p-1 asks at sure") ||
		!strings.Contains(s.told[0], "Is it Tuesday?") || !strings.Contains(s.told[0], "pilotlight answer p p-1 sure yes") {
		t.Fatalf("told %q", s.told)
	}
	s.say(run.SayYes, 0)
	if answer, err := s.ask(step.Advance, "oncall"); err != nil || answer.Status != step.StatusDone || answer.Detail != "ada said yes: the calendar" {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestAdvance_failsAfterANoAndAfterNobodysAnswer(t *testing.T) {
	s := newScene(t)
	s.waits(1)
	s.say(run.SayNo, 0)
	if _, err := s.ask(step.Advance, "oncall"); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "ada said no") {
		t.Errorf("%v", err)
	}
	s = newScene(t)
	s.waits(1)
	s.book.Wait(30 * time.Minute)
	if _, err := s.ask(step.Advance, "oncall"); failure.ClassOf(err) != failure.Permanent {
		t.Errorf("%v", err)
	}
}

func TestAdvance_asksAgainInASecondAttempt(t *testing.T) {
	s := newScene(t)
	s.waits(2)
	s.say(run.SayRetry, 0)
	s.waits(2)
	if len(s.told) != 2 {
		t.Errorf("told %d times in two attempts", len(s.told))
	}
	s.say(run.SayYes, 1)
	if answer, err := s.ask(step.Advance, "oncall"); err != nil || answer.Status != step.StatusDone {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestAdvance_asksTwiceRatherThanNeverAfterACrash(t *testing.T) {
	s := newScene(t)
	s.book.Break = ledgertest.On("note sure good")
	if _, err := s.ask(step.Advance, "oncall"); failure.ClassOf(err) != failure.TryAgain {
		t.Fatal(err)
	}
	s.book.Break = nil
	s.waits(2)
	if len(s.told) != 2 {
		t.Errorf("told %d times", len(s.told))
	}
}

func TestCheck_saysWhenNobodyWouldHear(t *testing.T) {
	for notify, want := range map[string]int{"": 1, "oncall": 0} {
		s := newScene(t)
		if answer, err := s.ask(step.Check, notify); err != nil || len(answer.Problems) != want || len(s.told) > 0 {
			t.Errorf("%q: %+v, %v", notify, answer, err)
		}
	}
}
