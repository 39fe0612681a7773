package closing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/closing"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// journal is that of a run, from entries such as "orders begun"; what follows is
// the detail.
func journal(lines ...string) []run.Entry {
	var entries []run.Entry
	for i, line := range lines {
		step, rest, _ := strings.Cut(line, " ")
		event, detail, _ := strings.Cut(rest, " ")
		entry := run.Entry{Run: "storefront-1", Step: step, Event: run.Event(event), At: noon.Add(time.Duration(i) * time.Minute), Detail: detail}
		if entry.Event == run.Begun {
			entry.Before, entry.Kind = i, plan.KindVerify
			entry.Request = json.RawMessage(fmt.Sprintf(`{"op":"advance","plan":"storefront","run":"storefront-1","step":%q}`, step))
		}
		entries = append(entries, entry)
	}
	return entries
}

// running is a ledger in which the run has this journal.
func running(t *testing.T, entries []run.Entry) *ledgertest.Ledger {
	t.Helper()
	book := ledgertest.Started("storefront", noon)
	for _, entry := range entries {
		if err := book.Note(t.Context(), "storefront", entry); err != nil {
			t.Fatal(err)
		}
	}
	book.Wait(time.Hour)
	book.Calls()
	return book
}

func closeRun(t *testing.T, book *ledgertest.Ledger, payload string) (closing.Answer, error) {
	t.Helper()
	return closing.Handler(book)(t.Context(), json.RawMessage(payload))
}

const (
	succeeded = `{"plan":"storefront","run":"storefront-1","steps":["orders"]}`
	failed    = `{"plan":"storefront","run":"storefront-1","steps":["orders"],"failure":{"Error":"Pilotlight.Permanent","Cause":"{\"errorMessage\":\"no replica\"}"}}`
	aborted   = `{"plan":"storefront","run":"storefront-1","steps":["orders"],"failure":{"Error":"Pilotlight.Abort","Cause":"{\"errorMessage\":\"ada said abort\"}"}}`
)

func TestHandler_movesThePlanToWhereTheEndLeads(t *testing.T) {
	for _, c := range []struct {
		journal []run.Entry
		payload string
		end     run.End
		posture run.Posture
	}{
		{journal("orders begun", "orders done"), succeeded, run.Recovered, run.Active},
		{nil, failed, run.Aborted, run.Standby},
		{journal("orders begun"), failed, run.Dirty, run.NeedsPerson},
	} {
		book := running(t, c.journal)
		answer, err := closeRun(t, book, c.payload)
		if err != nil || answer.Status != string(c.end) {
			t.Errorf("%+v, %v; want %s", answer, err, c.end)
		}
		want := []string{"open", "note run done", "swap", "state"}
		if c.payload == failed {
			want = []string{"open", "note run failed", "open", "note run done", "swap", "state"}
		}
		if diff := cmp.Diff(want, book.Calls()); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", c.end, diff)
		}
		state := book.Of("storefront")
		if state.Posture != c.posture || state.Phase != run.Over || state.End != c.end || !state.Since.Equal(noon.Add(time.Hour)) {
			t.Errorf("%s: state %+v", c.end, state)
		}
		entries := book.Entries("storefront-1")
		if last := entries[len(entries)-1]; !strings.HasPrefix(last.Detail, string(c.end)+": ") || last.Step != run.Whole {
			t.Errorf("%s: the journal ends with %+v", c.end, last)
		}
	}
}

func TestHandler_answersTheRecordedEndWhenAskedAgain(t *testing.T) {
	book := running(t, journal("orders begun"))
	if _, err := closeRun(t, book, failed); err != nil {
		t.Fatal(err)
	}
	book.Calls()
	before := book.Of("storefront")
	for _, payload := range []string{failed, succeeded} { // whatever it is told then
		answer, err := closeRun(t, book, payload)
		if err != nil || answer.Status != string(run.Dirty) {
			t.Errorf("%+v, %v; want the end that is recorded", answer, err)
		}
	}
	if n := ledgertest.Writes(book.Calls()); n != 0 || !cmp.Equal(before, book.Of("storefront")) {
		t.Errorf("%d writes; want none", n)
	}
}

func TestHandler_closesAfterACrashBetweenTheEntryAndTheState(t *testing.T) {
	book := running(t, journal("orders begun", "orders done"))
	book.Break = ledgertest.On("swap")
	if _, err := closeRun(t, book, succeeded); failure.ClassOf(err) != failure.TryAgain {
		t.Fatalf("%v; want an error that time mends", err)
	}
	if state := book.Of("storefront"); state.Phase != run.Running {
		t.Fatalf("the run is %s", state.Phase)
	}
	book.Break = nil
	if answer, err := closeRun(t, book, succeeded); err != nil || answer.Status != string(run.Recovered) {
		t.Errorf("%+v, %v; want Recovered", answer, err)
	}
}

func TestHandler_closesNoRunButTheOneThatHoldsTheLock(t *testing.T) {
	book := running(t, nil)
	for _, when := range []string{"while another run is under way", "when another run is over"} {
		answer, err := closeRun(t, book, `{"plan":"storefront","run":"storefront-7","steps":["orders"]}`)
		if failure.ClassOf(err) != failure.RunOver || !cmp.Equal(answer, closing.Answer{}) || ledgertest.Writes(book.Calls()) != 0 {
			t.Errorf("%s: %+v, %v; want a refusal and no write", when, answer, err)
		}
		if _, err := closeRun(t, book, failed); err != nil {
			t.Fatal(err)
		}
		book.Calls()
	}
}

func TestHandler_leavesARunOpenThatHasStepsToDo(t *testing.T) {
	for _, steps := range [][]run.Entry{nil, journal("orders begun"), journal("orders begun", "orders done", "web begun")} {
		book := running(t, steps)
		_, err := closeRun(t, book, `{"plan":"storefront","run":"storefront-1","steps":["orders","web"]}`)
		if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "web not done") {
			t.Errorf("%v; want a refusal that names the open steps", err)
		}
		if ledgertest.Writes(book.Calls()) != 0 || book.Of("storefront").Phase == run.Over {
			t.Error("the run was closed, or something was written")
		}
	}
}

func TestEvents_endARunAsTheirNamesSay(t *testing.T) {
	ends := map[string]string{"recovered.json": "Recovered", "failed.json": "Dirty", "could-not-take-back.json": "Dirty"}
	for name, raw := range repository.Events(t, "close-run") {
		var done []run.Entry
		for _, step := range []string{"orders", "web", "workers", "restore-volumes", "set-parameter", "verify", "shift-traffic"} {
			done = append(done, journal(step+" begun", step+" done")...)
			if name == "could-not-take-back.json" && step != "orders" {
				done = append(done, journal(step+" undone")...)
			}
		}
		if name == "could-not-take-back.json" {
			done = append(done, journal("run undoing somebody said so")...)
		}
		answer, err := closeRun(t, running(t, done), string(raw))
		if err != nil || answer.Status != ends[name] {
			t.Errorf("%s: %+v, %v; want %q", name, answer, err, ends[name])
		}
	}
}

func FuzzHandler(f *testing.F) {
	for _, raw := range repository.Events(f, "close-run") {
		f.Add(raw)
	}
	for _, raw := range []string{``, `null`, `[]`, `{}`, `{"plan":"storefront","run":""}`, `{"plan":"a","run":"b","failur":{}}`, succeeded + succeeded, failed} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		book := running(t, journal("orders begun"))
		answer, err := closing.Handler(book)(t.Context(), raw)
		switch class := failure.ClassOf(err); {
		case class == failure.BadInput && len(book.Calls()) != 0:
			t.Errorf("%q was refused after a call", raw)
		case class == failure.TryAgain:
			t.Errorf("%q: %v", raw, err)
		case class == "" && (answer.Status == string(run.Recovered) || answer.Status == string(run.Aborted)):
			t.Errorf("%q ended a run with an unfinished step %s", raw, answer.Status)
		}
	})
}
