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
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// held is run p-1 with three steps: orders is held, sure asks, web is under way.
func held(t *testing.T) *ledgertest.Ledger {
	t.Helper()
	book := ledgertest.Started("p", noon)
	for _, entry := range []run.Entry{
		{Step: "orders", Event: run.Begun, Kind: plan.KindPromoteDatabase}, {Step: "orders", Event: run.Failed}, {Step: "orders", Event: run.Held},
		{Step: "sure", Event: run.Begun, Kind: plan.KindApprove}, {Step: "web", Event: run.Begun, Kind: plan.KindLaunchInstances},
	} {
		entry.Run, entry.At = "p-1", noon
		if err := book.Note(t.Context(), "p", entry); err != nil {
			t.Fatal(err)
		}
	}
	book.Calls()
	return book
}

func says(t *testing.T, book *ledgertest.Ledger, runID, step, word string) error {
	t.Helper()
	_, err := answering.Handler(book)(t.Context(), json.RawMessage(fmt.Sprintf(`{"plan":"p","run":%q,"step":%q,"word":%q,"by":"ada"}`, runID, step, word)))
	return err
}

func answers(t *testing.T, book *ledgertest.Ledger) []run.Answer {
	t.Helper()
	record, err := book.Open(t.Context(), "p", "p-1")
	if err != nil {
		t.Fatal(err)
	}
	return record.Answers
}

func TestAnswer_isWrittenWhereSomebodyAsked(t *testing.T) {
	for _, c := range []struct{ step, word string }{
		{"orders", "retry"}, {"orders", "skip"}, {"orders", "abort"}, {"sure", "yes"}, {"sure", "no"}, {run.Whole, "abort"}, {run.Whole, "planned"},
	} {
		book := held(t)
		if err := says(t, book, "p-1", c.step, c.word); err != nil {
			t.Errorf("%s to %s: %v", c.word, c.step, err)
			continue
		}
		given := answers(t, book)
		if len(given) != 1 || given[0] != (run.Answer{Run: "p-1", Step: c.step, Word: run.Word(c.word), By: "ada", At: noon}) {
			t.Errorf("%s to %s: wrote %+v", c.word, c.step, given)
		}
	}
}

// A step whose function dies each time after it has written that it is done is held
// all the same, because the machine never heard.
func TestAnswer_isTakenToAHeldStepThatIsDone(t *testing.T) {
	book := held(t)
	if err := book.Note(t.Context(), "p", run.Entry{Run: "p-1", Step: "orders", Event: run.Done, At: noon}); err != nil {
		t.Fatal(err)
	}
	if err := says(t, book, "p-1", "orders", "skip"); err != nil {
		t.Error(err)
	}
}

func TestAnswer_isRefusedWhereNobodyAsked(t *testing.T) {
	for _, c := range []struct{ run, step, word, why string }{
		{"p-1", "web", "skip", "asks nothing"},
		{"p-1", "orders", "yes", "retry"},
		{"p-1", "sure", "skip", "yes"},
		{"p-1", "nowhere", "retry", "asks nothing"},
		{"p-1", run.Whole, "retry", "no answer to a whole run"},
		{"p-1", "orders", "perhaps", "write one of"},
		{"p-2", "orders", "retry", "does not hold the lock"},
	} {
		book := held(t)
		err := says(t, book, c.run, c.step, c.word)
		if class := failure.ClassOf(err); class != failure.BadInput && class != failure.RunOver || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s to %s of %s: %v; want a refusal that says %q", c.word, c.step, c.run, err, c.why)
		}
		if ledgertest.Writes(book.Calls()) > 0 {
			t.Errorf("%s to %s of %s: something was written", c.word, c.step, c.run)
		}
	}
}

func TestAnswer_isTakenOnceAnAttempt(t *testing.T) {
	book := held(t)
	if err := says(t, book, "p-1", "orders", "retry"); err != nil {
		t.Fatal(err)
	}
	if err := says(t, book, "p-1", "orders", "abort"); err == nil {
		t.Error("a second answer was taken before the second attempt was held")
	}
	for _, event := range []run.Event{run.Begun, run.Failed, run.Held} {
		if err := book.Note(t.Context(), "p", run.Entry{Run: "p-1", Step: "orders", Event: event, Attempt: 1, At: noon}); err != nil {
			t.Fatal(err)
		}
	}
	if err := says(t, book, "p-1", "orders", "skip"); err != nil {
		t.Error(err)
	}
	if err := says(t, book, "p-1", "orders", "retry"); err == nil || !strings.Contains(err.Error(), `"skip" by ada`) {
		t.Errorf("%v; want who said what before", err)
	}
}

func TestAnswer_changesTheModeOfAFailoverAndOfNothingElse(t *testing.T) {
	for mode, may := range map[run.Mode]bool{run.Unplanned: true, run.Planned: true, run.Drill: false, run.Failback: false, run.Repair: false} {
		book := held(t)
		state := book.Of("p")
		state.Mode = mode
		book.Set(state)
		if err := says(t, book, "p-1", run.Whole, "planned"); (err == nil) != may {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestAnswer_isRefusedOnceTheRunIsStopped(t *testing.T) {
	book := held(t)
	if err := book.Note(t.Context(), "p", run.Entry{Run: "p-1", Step: run.Whole, Event: run.Undoing, At: noon, Detail: "bob said abort"}); err != nil {
		t.Fatal(err)
	}
	if err := says(t, book, "p-1", "orders", "retry"); failure.ClassOf(err) != failure.BadInput || !strings.Contains(err.Error(), "bob said abort") {
		t.Errorf("%v; want a refusal that says why it was stopped", err)
	}
}

func TestAnswer_thatCameAsTheRunWasClosedSaysSo(t *testing.T) {
	book := held(t)
	book.Break = func(call string) error {
		if call == "say" {
			book.Later(func() {
				state := book.Of("p")
				state.Phase = run.Over
				book.Set(state)
			})
		}
		return nil
	}
	if err := says(t, book, "p-1", run.Whole, "abort"); failure.ClassOf(err) != failure.BadInput || !strings.Contains(err.Error(), "too late") {
		t.Errorf("%v; want it said that the answer came too late", err)
	}
}

func TestSettle_putsAPlanThatNeedsAPersonWhereThePersonSays(t *testing.T) {
	for word, posture := range map[string]run.Posture{"standby": run.Standby, "active": run.Active} {
		book := held(t)
		if err := says(t, book, "p-1", run.Whole, word); failure.ClassOf(err) != failure.BadInput && failure.ClassOf(err) != failure.RunOver {
			t.Errorf("%s while the run goes on: %v; want a refusal", word, err)
		}
		dirty, err := book.Of("p").Closed(run.Dirty, noon)
		if err != nil {
			t.Fatal(err)
		}
		book.Set(dirty)
		if err := says(t, book, "p-0", run.Whole, word); failure.ClassOf(err) != failure.BadInput && failure.ClassOf(err) != failure.RunOver {
			t.Errorf("%s of an older run: %v; want a refusal", word, err)
		}
		if err := says(t, book, "p-1", run.Whole, word); err != nil || book.Of("p").Posture != posture {
			t.Errorf("%s: %v, posture %s", word, err, book.Of("p").Posture)
		}
	}
}

func TestAnswer_givesBackWhatADeadParentHasReserved(t *testing.T) {
	book := ledgertest.New(noon)
	state, err := run.New("p").Reserve(run.Order{Reason: "for all-3", Parent: "all-3"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	book.Set(state)
	if err := says(t, book, "p-1", run.Whole, "planned"); failure.ClassOf(err) != failure.BadInput || !strings.Contains(err.Error(), "all-3") {
		t.Errorf("%v; want a refusal that names the parent's run", err)
	}
	if err := says(t, book, "p-1", run.Whole, "abort"); err != nil || book.Of("p").Posture != run.Standby || book.Of("p").UnderWay() {
		t.Errorf("%v, %+v; want the plan in standby", err, book.Of("p"))
	}
}

// signed is a request to the function URL, as Lambda passes it on.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
func signed(caller, body string) json.RawMessage {
	authorizer := fmt.Sprintf(`,"authorizer":{"iam":{"userArn":%q}}`, caller)
	if caller == "" {
		authorizer = ""
	}
	return json.RawMessage(fmt.Sprintf(`{"version":"2.0","requestContext":{"http":{"method":"POST"}%s},"body":%q}`, authorizer, body))
}

func TestAnswer_throughTheFunctionURLIsByWhoSignedIt(t *testing.T) {
	book := held(t)
	const body, caller = `{"plan":"p","run":"p-1","step":"orders","word":"skip","by":"somebody else"}`, "arn:aws:iam::123456789012:user/ada"
	if _, err := answering.Handler(book)(t.Context(), signed("", body)); failure.ClassOf(err) != failure.BadInput || len(book.Calls()) > 0 {
		t.Errorf("unsigned: %v; want a refusal and no call", err)
	}
	if _, err := answering.Handler(book)(t.Context(), signed(caller, body)); err != nil {
		t.Fatal(err)
	}
	if given := answers(t, book); len(given) != 1 || given[0].By != caller {
		t.Errorf("wrote %+v", given)
	}
}

func FuzzHandler(f *testing.F) {
	for _, raw := range repository.Events(f, "answer-run") {
		f.Add(raw)
	}
	for _, raw := range []string{``, `null`, `{}`, `{"plan":"p","run":"p-1","step":"orders","word":"retry","by":""}`, string(signed("x", `{}`)), string(signed("", `{}`))} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		book := held(t)
		_, err := answering.Handler(book)(t.Context(), raw)
		if err != nil && ledgertest.Writes(book.Calls()) > 0 {
			t.Errorf("%q was refused (%v) after a write", raw, err)
		}
	})
}
