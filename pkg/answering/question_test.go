package answering_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// askedNow is plan p, in standby, which asks for half an hour whether run p-1 starts.
func askedNow(t *testing.T) *ledgertest.Ledger {
	t.Helper()
	book := ledgertest.New(noon)
	swap(t, book, func(s run.State) run.State { return s.Warned("the shop is down", 30*time.Minute, noon).Told() })
	book.Calls()
	return book
}

// swap is what a decision writes meanwhile.
func swap(t *testing.T, book *ledgertest.Ledger, change func(run.State) run.State) {
	t.Helper()
	was := book.Of("p")
	if err := book.Swap(t.Context(), was, change(was)); err != nil {
		t.Fatal(err)
	}
}

func started(t *testing.T, mode run.Mode, reason string) func(run.State) run.State {
	return func(s run.State) run.State {
		next, err := s.Start(run.Order{Mode: mode, Reason: reason}, noon)
		if err != nil {
			t.Error(err)
		}
		return next
	}
}

func TestAnswer_toTheQuestionIsWrittenWithWhoAndWhen(t *testing.T) {
	for _, word := range []string{"yes", "no"} {
		for _, number := range []string{"", `,"question":1`} {
			book := askedNow(t)
			book.Wait(29 * time.Minute)
			body := fmt.Sprintf(`{"plan":"p","run":"p-1","step":"start","word":%q,"reason":"I looked","by":"somebody else"%s}`, word, number)
			if _, err := answering.Handler(book)(t.Context(), signed("arn:aws:iam::123456789012:user/ada", body)); err != nil {
				t.Fatalf("%s: %v", word, err)
			}
			want := run.Answer{Run: "p-1", Step: run.Question, Attempt: 1, Word: run.Word(word), By: "arn:aws:iam::123456789012:user/ada", Reason: "I looked", At: noon.Add(29 * time.Minute)}
			if given := answers(t, book); len(given) != 1 || given[0] != want {
				t.Errorf("wrote %+v", given)
			}
		}
	}
}

func TestAnswer_toTheQuestionIsRefusedInWords(t *testing.T) {
	yes := `{"plan":"p","run":"p-1","step":"start","word":"yes","by":"ada"}`
	for _, c := range []struct {
		name, body string
		meanwhile  func(*ledgertest.Ledger)
		why        string
	}{
		{"another word", strings.Replace(yes, `"yes"`, `"abort"`, 1), nil, "write yes or no"},
		{"a word that settles a plan", strings.Replace(yes, `"yes"`, `"standby"`, 1), nil, "write yes or no"},
		{"late", yes, func(b *ledgertest.Ledger) { b.Wait(30 * time.Minute) }, "too late"},
		{"another run", strings.Replace(yes, "p-1", "p-2", 1), nil, "asks whether run p-1 starts, and not p-2"},
		{"another question", strings.Replace(yes, `"by"`, `"question":7,"by"`, 1), nil, "that was question 7"},
		{"a number for a step", strings.Replace(strings.Replace(yes, `"by"`, `"question":1,"by"`, 1), `"start"`, `"orders"`, 1), nil, "alone"},
		{"withdrawn", yes, func(b *ledgertest.Ledger) { swap(t, b, run.State.Calm) }, "withdrawn"},
		{"told, and not asked", yes, func(b *ledgertest.Ledger) {
			swap(t, b, func(s run.State) run.State { return s.Warned("the shop is down", 0, noon) })
		}, "a person starts its runs"},
		{"started by hand", yes, func(b *ledgertest.Ledger) { swap(t, b, started(t, run.Unplanned, "bob was first")) }, "bob was first"},
		{"a drill has its name", yes, func(b *ledgertest.Ledger) { swap(t, b, started(t, run.Drill, "a quarter is over")) }, "drill, a quarter is over"},
	} {
		book := askedNow(t)
		if c.meanwhile != nil {
			c.meanwhile(book)
		}
		book.Calls()
		_, err := answering.Handler(book)(t.Context(), json.RawMessage(c.body))
		if class := failure.ClassOf(err); class != failure.BadInput && class != failure.RunOver || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v; want a refusal that says %q", c.name, err, c.why)
		}
		if ledgertest.Writes(book.Calls()) > 0 {
			t.Errorf("%s: something was written", c.name)
		}
	}
}

func TestAnswer_toTheQuestionIsTakenOnce(t *testing.T) {
	book := askedNow(t)
	if err := says(t, book, "p-1", run.Question, "no"); err != nil {
		t.Fatal(err)
	}
	if err := says(t, book, "p-1", run.Question, "yes"); failure.ClassOf(err) != failure.BadInput || !strings.Contains(err.Error(), "ada said no at") {
		t.Errorf("%v; want who said what before", err)
	}
	swap(t, book, func(s run.State) run.State { return s.Warned("still down", 30*time.Minute, noon) })
	if err := says(t, book, "p-1", run.Question, "yes"); err != nil {
		t.Errorf("the next question: %v", err)
	}
}

// Whatever is decided while an answer is being written: it counts, or it is said that
// it came too late.
func TestAnswer_toTheQuestionIsNotLostToADecisionThatWasUnderWay(t *testing.T) {
	for _, c := range []struct {
		name, word string
		meanwhile  func(run.State) run.State
		fails      string // empty: the answer is taken
	}{
		{"nothing yet", "no", nil, ""},
		{"it is told", "yes", run.State.Told, ""},
		{"a drill is opened", "no", run.State.Opened, ""},
		{"it is withdrawn", "yes", run.State.Calm, "withdrawn"},
		{"it is asked anew", "yes", func(s run.State) run.State { return s.Warned("still down", time.Hour, noon) }, "asked anew"},
		{"the yes starts the run", "yes", started(t, run.Unplanned, "ada said yes"), ""},
		{"the run starts by itself", "no", started(t, run.Unplanned, "the window is over"), "the window is over"},
		{"a drill takes the name", "yes", started(t, run.Drill, "a quarter is over"), "a quarter is over"},
	} {
		book := askedNow(t)
		stale := book.Of("p") // in the hands of a decision
		book.Break = func(call string) error {
			if call == "say" && c.meanwhile != nil {
				book.Later(func() { swap(t, book, c.meanwhile) })
			}
			return nil
		}
		err := says(t, book, "p-1", run.Question, c.word)
		if c.fails == "" && err != nil || c.fails != "" && (failure.ClassOf(err) != failure.BadInput || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: %v; want %q", c.name, err, c.fails)
		}
		if err := book.Swap(t.Context(), stale, stale.Calm()); err == nil {
			t.Errorf("%s: a decision from before the answer went by without it", c.name)
		}
	}
}

func FuzzQuestion(f *testing.F) {
	for _, raw := range repository.Events(f, "answer-run") {
		f.Add(raw)
		f.Add([]byte(signed("arn:aws:iam::123456789012:user/ada", string(raw))))
	}
	f.Add([]byte(`{"plan":"p","run":"p-1","step":"start","word":"yes","by":"ada","question":-1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		book := askedNow(t)
		_, err := answering.Handler(book)(t.Context(), raw)
		if err != nil && ledgertest.Writes(book.Calls()) > 0 {
			t.Errorf("%q was refused (%v) after a write", raw, err)
		}
		for _, given := range answers(t, book) {
			if given.By == "" || given.Step != run.Question || given.Word != run.SayYes && given.Word != run.SayNo {
				t.Errorf("%q was written as %+v", raw, given)
			}
		}
	})
}
