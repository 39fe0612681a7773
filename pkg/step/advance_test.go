package step

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// say answers for a person.
func (s *scene) say(step string, attempt int, word run.Word) {
	s.t.Helper()
	if _, err := s.book.Say(s.t.Context(), "p", run.Answer{Run: "p-1", Step: step, Attempt: attempt, Word: word, By: "someone on call", At: s.book.Now()}); err != nil {
		s.t.Fatal(err)
	}
}

func TestAdvance_doesNothingForARunThatWasCancelledOrStopped(t *testing.T) {
	for name, c := range map[string]struct {
		stop func(*scene)
		want failure.Class
	}{
		"cancelled":   {func(s *scene) { s.say(run.Whole, 0, run.SayAbort) }, failure.Abort},
		"taken back":  {func(s *scene) { s.note(run.Whole, run.Undoing, 0) }, failure.RunOver},
		"left as is":  {func(s *scene) { s.note(run.Whole, run.Failed, 0) }, failure.RunOver},
		"both, later": {func(s *scene) { s.say(run.Whole, 0, run.SayAbort); s.note(run.Whole, run.Undoing, 0) }, failure.RunOver},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, done)
			c.stop(s)
			s.book.Calls()
			if answer, err := s.ask("orders"); failure.ClassOf(err) != c.want || !cmp.Equal(answer, Answer{}) {
				t.Errorf("%+v, %v; want the class %s", answer, err, c.want)
			}
			s.wantCalls("open")
		})
	}
}

// A look reads the ledger, is held up, and the run is stopped meanwhile: close-run
// reads which steps began after it has written that the run is stopped, so either it
// sees this one, or this one sees the stop.
func TestAdvance_doesNotActWhenTheRunIsStoppedAsItBegins(t *testing.T) {
	s := newScene(t, done)
	s.book.Break = func(call string) error {
		if call == "note orders begun" {
			s.book.Break = nil
			s.book.Later(func() { s.note(run.Whole, run.Undoing, 0) })
		}
		return nil
	}
	if answer, err := s.ask("orders"); failure.ClassOf(err) != failure.RunOver {
		t.Errorf("%+v, %v; want the step to see the stop", answer, err)
	}
	if len(s.told) > 0 {
		t.Error("it acted")
	}
}

func TestAdvance_opensANewAttemptWhenAPersonSaysRetry(t *testing.T) {
	s := newScene(t, look{err: Permanent("no capacity")}, pending, pending, done)
	if _, err := s.ask("orders"); failure.ClassOf(err) != failure.Permanent {
		t.Fatal(err)
	}
	s.book.Wait(time.Hour) // far beyond the first attempt's timeout
	s.say("orders", 0, run.SayRetry)
	for range 2 {
		if answer, err := s.ask("orders"); err != nil || answer.Status != StatusWait {
			t.Fatalf("%+v, %v; want a wait, for the timeout counts anew", answer, err)
		}
		s.book.Wait(9 * time.Minute)
	}
	if r := s.told[1]; r.Attempt != 1 || !r.Began.Equal(noon.Add(time.Hour)) {
		t.Errorf("the second attempt is told %d and %s", r.Attempt, r.Began)
	}
	if answer, err := s.ask("orders"); err != nil || answer.Status != StatusDone {
		t.Fatalf("%+v, %v; want it done", answer, err)
	}
	want := []run.Entry{{Event: run.Begun}, {Event: run.Failed}, {Event: run.Begun, Attempt: 1}, {Event: run.Done, Attempt: 1}}
	var got []run.Entry
	for _, entry := range s.book.Entries("p-1") {
		got = append(got, run.Entry{Event: entry.Event, Attempt: entry.Attempt})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestAdvance_timesOutASecondAttemptByItsOwnBeginning(t *testing.T) {
	s := newScene(t, pending)
	s.note("orders", run.Begun, 0)
	s.book.Wait(time.Hour)
	s.say("orders", 0, run.SayRetry)
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	s.book.Wait(10*time.Minute + time.Second)
	if _, err := s.ask("orders"); failure.ClassOf(err) != failure.Permanent {
		t.Errorf("%v; want it timed out", err)
	}
	if failed, ok := s.record().FindAttempt("orders", run.Failed, 1); !ok {
		t.Errorf("the second attempt's failure is %+v", failed)
	}
}

func TestAdvance_keepsTheModeThatTheStepBeganIn(t *testing.T) {
	s := newScene(t, pending)
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	s.say(run.Whole, 0, run.SayPlanned)
	for _, step := range []string{"orders", "web"} {
		if _, err := s.ask(step); err != nil {
			t.Fatal(err)
		}
	}
	var modes []run.Mode
	for _, r := range s.told {
		modes = append(modes, r.Mode)
	}
	if diff := cmp.Diff([]run.Mode{run.Unplanned, run.Unplanned, run.Planned}, modes); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}

func TestAdvance_countsWhatBeganBeforeAStep(t *testing.T) {
	s := newScene(t, done)
	for _, step := range []string{"pear", "melon", "apple", "melon"} {
		if _, err := s.ask(step); err != nil {
			t.Fatal(err)
		}
	}
	var order []string
	for _, entry := range s.record().Unsettled() {
		order = append(order, entry.Step)
	}
	if diff := cmp.Diff([]string{"apple", "melon", "pear"}, order); diff != "" {
		t.Errorf("to be taken back (-want +got):\n%s", diff)
	}
}

func (s *scene) record() run.Record {
	s.t.Helper()
	record, err := s.book.Open(s.t.Context(), "p", "p-1")
	if err != nil {
		s.t.Fatal(err)
	}
	return record
}

func TestPace_waitsAShareOfTheAgeWithinBounds(t *testing.T) {
	pace := Pace{Least: 5, Share: 10, Most: 60}
	for age, want := range map[time.Duration]int{
		-time.Minute: 5, 0: 5, 49 * time.Second: 5, 100 * time.Second: 10, 599 * time.Second: 59,
		10 * time.Minute: 60, 12 * time.Hour: 60,
	} {
		if got := pace.Wait(age); got != want {
			t.Errorf("wait after %s is %d s, want %d", age, got, want)
		}
	}
	if got := (Pace{}).Wait(time.Hour); got != 1 {
		t.Errorf("without a pace the wait is %d s, want a second: a Wait state takes no zero to heart", got)
	}
}
