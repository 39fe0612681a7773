package ledger_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestSay_keepsOneAnswerToEachAttempt(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		id := plan + "-1"
		first := run.Answer{Run: id, Step: "orders", Word: run.SayRetry, By: "ada", At: noon}
		other := run.Answer{Run: id, Step: "orders", Word: run.SayAbort, By: "bob", At: noon.Add(time.Minute)}
		later := run.Answer{Run: id, Step: "orders", Attempt: 1, Word: run.SaySkip, By: "bob", At: noon.Add(2 * time.Minute)}
		whole := run.Answer{Run: id, Step: run.Whole, Word: run.SayPlanned, By: "ada", At: noon.Add(3 * time.Minute)}
		for i, c := range []struct {
			answer run.Answer
			given  bool
		}{{first, true}, {other, false}, {first, false}, {later, true}, {whole, true}} {
			if given, err := b.Say(t.Context(), plan, c.answer); err != nil || given != c.given {
				t.Errorf("answer %d: given %t, error %v; want %t", i, given, err, c.given)
			}
		}
		record, err := b.Open(t.Context(), plan, id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]run.Answer{first, later, whole}, record.Answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if other, err := b.Open(t.Context(), plan, plan+"-10"); err != nil || len(other.Answers) > 0 {
			t.Errorf("another run was answered %v, error %v", other.Answers, err)
		}
	})
}

func TestSay_ofSixteenAtOnceKeepsOneAndTellsTheOthers(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		var all sync.WaitGroup
		var given atomic.Int32
		for range 16 {
			all.Go(func() {
				ok, err := b.Say(t.Context(), plan, run.Answer{Run: plan + "-1", Step: "orders", Word: run.SayRetry, At: noon})
				if err != nil {
					t.Error(err)
				}
				if ok {
					given.Add(1)
				}
			})
		}
		all.Wait()
		if given.Load() != 1 {
			t.Errorf("%d answers were given; want one", given.Load())
		}
	})
}

func TestNote_keepsTheAttemptsOfAStepApart(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		id := plan + "-1"
		var want []run.Entry
		for attempt := range 12 { // ten and more sort differently as text
			entry := run.Entry{Run: id, Step: "orders", Event: run.Begun, Attempt: attempt, At: noon.Add(time.Duration(attempt) * time.Minute)}
			want = append(want, entry)
			for range 2 {
				if err := b.Note(t.Context(), plan, entry); err != nil {
					t.Fatal(err)
				}
			}
		}
		record, err := b.Open(t.Context(), plan, id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, record.Entries); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	})
}

func TestReady_keepsWhatWasFoundLastOfEveryStepOfEveryCourse(t *testing.T) {
	both(t, func(t *testing.T, b book, name string) {
		old := run.Readiness{Step: "orders", Problems: []string{"there is no replica"}, At: noon}
		now := run.Readiness{Step: "orders", At: noon.Add(time.Hour)}
		back := run.Readiness{Course: plan.CourseFailback, Step: "orders", Problems: []string{"no zone"}, At: noon}
		for _, ready := range []run.Readiness{old, back, now} {
			if err := b.Ready(t.Context(), name, ready); err != nil {
				t.Fatal(err)
			}
		}
		got, at, err := b.Readiness(t.Context(), name)
		if err != nil || at.IsZero() {
			t.Fatalf("at %s, error %v", at, err)
		}
		back.Since = noon
		if diff := cmp.Diff([]run.Readiness{now, back}, got); diff != "" {
			t.Errorf("readiness (-want +got):\n%s", diff)
		}
		if record, err := b.Open(t.Context(), name, name+"-1"); err != nil || len(record.Entries) > 0 {
			t.Errorf("a run's journal holds %v, error %v", record.Entries, err)
		}
	})
}
