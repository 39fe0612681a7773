package closing_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/closing"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// journal is that of a run, from entries such as "orders begun".
func journal(lines ...string) []run.Entry {
	var entries []run.Entry
	for i, line := range lines {
		step, event, _ := strings.Cut(line, " ")
		entries = append(entries, run.Entry{Run: "storefront-1", Step: step, Event: run.Event(event), At: noon.Add(time.Duration(i) * time.Minute)})
	}
	return entries
}

func TestJudge(t *testing.T) {
	failed := &failure.Caught{Error: "Pilotlight.Permanent", Cause: `{"errorMessage":"there is no replica","errorType":"Pilotlight.Permanent"}`}
	for _, c := range []struct {
		name    string
		journal []run.Entry
		failure *failure.Caught
		end     run.End
		says    string
	}{
		{"recovers when every step is done", journal("orders begun", "orders done", "web begun", "web done"), nil, run.Recovered, "every step is done"},
		{"is dirty when a step began and is not done", journal("orders begun", "orders done", "web begun"), nil, run.Dirty, "begun and not done: web"},
		{"aborts when nothing was begun", nil, nil, run.Aborted, "no step was begun"},
		{"aborts when it failed before it changed anything", nil, failed, run.Aborted, "nothing was changed: there is no replica"},
		{"is dirty when it failed after a step began", journal("orders begun"), failed, run.Dirty, "there is no replica; begun and not done: orders"},
		{"is dirty when it failed between two steps", journal("orders begun", "orders done"), failed, run.Dirty, "there is no replica"},
		{"is dirty when a step failed", journal("orders begun", "orders failed"), failed, run.Dirty, "begun and not done: orders"},
		{"names every step that is left half-way", journal("orders begun", "web begun", "web good", "data begun", "web done"), failed, run.Dirty, "begun and not done: orders, data"},
		{"takes a cause that is no JSON as it is", nil, &failure.Caught{Error: "States.Timeout", Cause: "the step ran out of time"}, run.Aborted, "nothing was changed: States.Timeout: the step ran out of time"},
		{"does without a cause", nil, &failure.Caught{Error: "States.Timeout"}, run.Aborted, "nothing was changed: States.Timeout"},
		{"takes JSON without a message as it is", nil, &failure.Caught{Error: "Lambda.Unknown", Cause: `{"code":7}`}, run.Aborted, `nothing was changed: Lambda.Unknown: {"code":7}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			end, detail := closing.Judge(run.Record{Entries: c.journal}, c.failure)
			if end != c.end || !strings.Contains(detail, c.says) {
				t.Errorf("%s: %q; want %s and %q", end, detail, c.end, c.says)
			}
		})
	}
}

func TestJudge_neverClaimsMoreThanTheJournalShows(t *testing.T) {
	random := rand.New(rand.NewPCG(2026, 11))
	steps := []string{"orders", "web", "data", "verify"}
	events := []run.Event{run.Begun, run.Done, run.Failed, run.Good, run.Missed}
	for range 5000 {
		var entries []run.Entry
		for range random.IntN(10) {
			entries = append(entries, run.Entry{Step: steps[random.IntN(len(steps))], Event: events[random.IntN(len(events))]})
		}
		var failed *failure.Caught
		if random.IntN(2) == 0 {
			failed = &failure.Caught{Error: "States.ALL"}
		}
		has := func(step string, event run.Event) bool {
			return slices.ContainsFunc(entries, func(e run.Entry) bool { return e.Event == event && (step == "" || e.Step == step) })
		}
		unfinished := slices.ContainsFunc(steps, func(step string) bool { return has(step, run.Begun) && !has(step, run.Done) })
		switch end, detail := closing.Judge(run.Record{Entries: entries}, failed); {
		case end == run.Recovered && (unfinished || failed != nil || !has("", run.Begun)):
			t.Fatalf("Recovered with %v and %+v", entries, failed)
		case end == run.Aborted && has("", run.Begun):
			t.Fatalf("Aborted with %v", entries)
		case detail == "":
			t.Fatalf("%s without a reason, with %v", end, entries)
		}
	}
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
	failed    = `{"plan":"storefront","run":"storefront-1","failure":{"Error":"Pilotlight.Permanent","Cause":"{\"errorMessage\":\"no replica\"}"}}`
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
		if err != nil || answer.Status != c.end {
			t.Errorf("%+v, %v; want %s", answer, err, c.end)
		}
		if diff := cmp.Diff([]string{"open", "note run done", "swap"}, book.Calls()); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", c.end, diff)
		}
		state := book.Of("storefront")
		if state.Posture != c.posture || state.Phase != run.Over || state.End != c.end || !state.Since.Equal(noon.Add(time.Hour)) {
			t.Errorf("%s: state %+v", c.end, state)
		}
		entries := book.Entries("storefront-1")
		if last := entries[len(entries)-1]; !strings.HasPrefix(last.Detail, string(c.end)+": ") || last.Step != closing.Step {
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
		if err != nil || answer.Status != run.Dirty {
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
	if answer, err := closeRun(t, book, succeeded); err != nil || answer.Status != run.Recovered {
		t.Errorf("%+v, %v; want Recovered", answer, err)
	}
}

func TestHandler_closesNoRunButTheOneThatHoldsTheLock(t *testing.T) {
	book := running(t, nil)
	for _, when := range []string{"while another run is under way", "when another run is over"} {
		answer, err := closeRun(t, book, `{"plan":"storefront","run":"storefront-7","steps":["orders"]}`)
		if failure.ClassOf(err) != failure.RunOver || answer != (closing.Answer{}) || ledgertest.Writes(book.Calls()) != 0 {
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
	ends := map[string]run.End{"recovered.json": run.Recovered, "failed.json": run.Dirty}
	for name, raw := range repository.Events(t, "close-run") {
		var done []run.Entry
		for _, step := range []string{"orders", "web", "workers", "restore-volumes", "set-parameter", "verify", "shift-traffic"} {
			done = append(done, journal(step+" begun", step+" done")...)
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
		case class == "" && answer.Status != run.Dirty:
			t.Errorf("%q ended a run with an unfinished step %s", raw, answer.Status)
		}
	})
}
