package run_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func at(minute int, step string, event run.Event) run.Entry {
	return run.Entry{Step: step, Event: event, At: noon.Add(time.Duration(minute) * time.Minute)}
}

func TestGoodSince_isTheFirstGoodLookAfterTheLastMiss(t *testing.T) {
	for name, c := range map[string]struct {
		entries []run.Entry
		want    time.Time
	}{
		"no look yet":           {nil, time.Time{}},
		"begun alone":           {[]run.Entry{at(0, "verify", run.Begun)}, time.Time{}},
		"good":                  {[]run.Entry{at(0, "verify", run.Begun), at(1, "verify", run.Good)}, noon.Add(time.Minute)},
		"good, then a miss":     {[]run.Entry{at(1, "verify", run.Good), at(2, "verify", run.Missed)}, time.Time{}},
		"good again":            {[]run.Entry{at(1, "verify", run.Good), at(2, "verify", run.Missed), at(3, "verify", run.Good)}, noon.Add(3 * time.Minute)},
		"another step's misses": {[]run.Entry{at(1, "verify", run.Good), at(2, "other", run.Missed)}, noon.Add(time.Minute)},
	} {
		if got := (run.Record{Entries: c.entries}).GoodSince("verify"); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestRecord_readsTheJournal(t *testing.T) {
	done := at(2, "orders", run.Done)
	done.Outputs = map[string]string{"endpoint": "db.example"}
	record := run.Record{Entries: []run.Entry{at(0, "orders", run.Begun), done, at(3, "web", run.Begun)}}
	if diff := cmp.Diff(map[string]map[string]string{"orders": {"endpoint": "db.example"}}, record.Outputs()); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if found, ok := record.Find("web", run.Begun); !ok || !found.At.Equal(noon.Add(3*time.Minute)) {
		t.Errorf("found %+v, %t", found, ok)
	}
	if found, ok := record.Find("web", run.Done); ok {
		t.Errorf("found %+v, which is not there", found)
	}
	if !record.Acted() || (run.Record{Entries: []run.Entry{done}}).Acted() {
		t.Error("a run may have changed something exactly when a step began")
	}
}

func said(step string, attempt int, word run.Word) run.Answer {
	return run.Answer{Step: step, Attempt: attempt, Word: word, By: "a test"}
}

func TestRecord_keepsTheAttemptsOfAStepApart(t *testing.T) {
	again := at(5, "web", run.Begun)
	again.Attempt = 1
	record := run.Record{
		Entries: []run.Entry{at(0, "web", run.Begun), at(1, "web", run.Good), at(2, "web", run.Failed), again},
		Answers: []run.Answer{said("web", 0, run.SayRetry), said("other", 0, run.SayRetry)},
	}
	if n := record.Attempt("web"); n != 1 {
		t.Fatalf("attempt %d; want 1", n)
	}
	if found, ok := record.Find("web", run.Begun); !ok || !found.At.Equal(again.At) {
		t.Errorf("the newest attempt began with %+v", found)
	}
	if _, ok := record.Find("web", run.Failed); ok {
		t.Error("the newest attempt is taken for failed, as the first was")
	}
	if !record.GoodSince("web").IsZero() {
		t.Error("a good look of the first attempt counts for the second")
	}
	if first, ok := record.First("web", run.Begun); !ok || !first.At.Equal(noon) {
		t.Errorf("the step began first with %+v", first)
	}
	if _, ok := record.Answer("web", 1); ok {
		t.Error("the answer to the first attempt is taken for one to the second")
	}
}

func TestMode_isWhatAPersonSaidLast(t *testing.T) {
	record := run.Record{State: run.State{Mode: run.Planned}}
	if got := record.Mode(); got != run.Planned {
		t.Errorf("%s; want the mode that the run was started in", got)
	}
	record.Answers = []run.Answer{said(run.Whole, 0, run.SayUnplanned), said("web", 0, run.SayPlanned)}
	if got := record.Mode(); got != run.Unplanned {
		t.Errorf("%s; want what was said of the whole run", got)
	}
	record.Answers = append(record.Answers, said(run.Whole, 1, run.SayPlanned))
	if got := record.Mode(); got != run.Planned {
		t.Errorf("%s; want what was said last", got)
	}
}

func TestUnsettled_areTheNewestFirstAlsoWithinOneSecond(t *testing.T) {
	begun := func(step string, before int) run.Entry {
		return run.Entry{Step: step, Event: run.Begun, At: noon, Before: before}
	}
	record := run.Record{Entries: []run.Entry{ // in the order in which a ledger keeps what has one time
		begun("apple", 2), begun("melon", 1), begun("pear", 0), at(0, "melon", run.Undone),
	}}
	var steps []string
	for _, entry := range record.Unsettled() {
		steps = append(steps, entry.Step)
	}
	if diff := cmp.Diff([]string{"apple", "pear"}, steps); diff != "" {
		t.Errorf("to be taken back (-want +got):\n%s", diff)
	}
}

func TestFenced_isWhenTheFenceWasDone(t *testing.T) {
	begun := at(0, "stop-writes", run.Begun)
	begun.Kind, begun.Mode = plan.KindFence, run.Planned
	record := run.Record{Entries: []run.Entry{begun, at(1, "web", run.Done)}}
	if got := record.Fenced(); !got.IsZero() {
		t.Errorf("fenced at %s, and the fence is not done", got)
	}
	record.Entries = append(record.Entries, at(3, "stop-writes", run.Done))
	if got := record.Fenced(); !got.Equal(noon.Add(3 * time.Minute)) {
		t.Errorf("fenced at %s", got)
	}
	record.Entries[0].Mode = run.Unplanned
	if got := record.Fenced(); !got.IsZero() {
		t.Errorf("fenced at %s by a run that did not wait for its fence", got)
	}
}

func TestStopped_isOfTheRunAndOfNoStep(t *testing.T) {
	record := run.Record{Entries: []run.Entry{at(0, "web", run.Failed), at(1, "web", run.Undoing)}}
	if entry, ok := record.Stopped(); ok {
		t.Errorf("stopped by %+v", entry)
	}
	record.Entries = append(record.Entries, at(2, run.Whole, run.Undoing))
	if _, ok := record.Stopped(); !ok {
		t.Error("not stopped")
	}
	if _, ok := (run.Record{Answers: []run.Answer{said("web", 0, run.SayAbort)}}).Cancelled(); ok {
		t.Error("an abort of one held step cancels the run by itself")
	}
	if by, ok := (run.Record{Answers: []run.Answer{said(run.Whole, 0, run.SayPlanned), said(run.Whole, 1, run.SayAbort)}}).Cancelled(); !ok || by.By != "a test" {
		t.Error("not cancelled")
	}
}
