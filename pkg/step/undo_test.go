package step

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var (
	gone  = look{progress: Nothing("gone")}
	stays = look{progress: Progress{Done: true, Left: "Delete the thing by hand."}}
)

// note writes an entry of run p-1.
func (s *scene) note(step string, event run.Event, attempt int) {
	s.t.Helper()
	entry := run.Entry{Run: "p-1", Step: step, Event: event, Attempt: attempt, At: s.book.Now(), Mode: run.Unplanned}
	if err := s.book.Note(s.t.Context(), "p", entry); err != nil {
		s.t.Fatal(err)
	}
}

// stopped is a run whose step orders began a while before it was aborted.
func stopped(t *testing.T, looks ...look) *scene {
	s := newScene(t, looks...)
	s.note("orders", run.Begun, 0)
	s.book.Wait(10 * time.Minute)
	s.note(run.Whole, run.Undoing, 0)
	s.book.Calls()
	return s
}

func (s *scene) undo(step string) (Answer, error) { return s.send(asked(Undo, step)) }

func TestUndo_isRefusedToARunThatGoesOn(t *testing.T) {
	s := newScene(t, gone)
	s.note("orders", run.Begun, 0)
	s.book.Calls()
	if answer, err := s.undo("orders"); failure.ClassOf(err) != failure.BadInput || !cmp.Equal(answer, Answer{}) {
		t.Errorf("%+v, %v; want a refusal", answer, err)
	}
	s.wantCalls("open")
}

func TestUndo_ofAStepThatNeverBeganAsksNobody(t *testing.T) {
	s := stopped(t, gone)
	if answer, err := s.undo("web"); err != nil || answer.Status != StatusDone {
		t.Errorf("%+v, %v; want it done", answer, err)
	}
	s.wantCalls("open")
}

func TestUndo_waitsUntilALookThatWasOnItsWayCannotActAnyMore(t *testing.T) {
	s := stopped(t, gone)
	answer, err := s.undo("orders")
	if err != nil || answer.Status != StatusWait || answer.WaitSeconds != int(flight/time.Second) {
		t.Fatalf("%+v, %v; want a wait of %s", answer, err, flight)
	}
	s.wantCalls("open")
	s.book.Wait(flight)
	if answer, err := s.undo("orders"); err != nil || answer.Status != StatusDone {
		t.Errorf("%+v, %v; want it taken back", answer, err)
	}
	s.wantCalls("open", "note orders undoing", "undo", "note orders undone")
}

func TestUndo_waitsForNoLookOfAStepThatWasDone(t *testing.T) {
	s := stopped(t, gone)
	s.note("orders", run.Done, 0)
	if answer, err := s.undo("orders"); err != nil || answer.Status != StatusDone {
		t.Errorf("%+v, %v; want it taken back at once", answer, err)
	}
	if r := s.told[0]; !r.Ended || !r.Began.Equal(noon) || r.Epoch != 1 {
		t.Errorf("the kind is told %+v; want a step that ended, that began at noon, and the lock's epoch", r)
	}
}

func TestUndo_journalsBeforeItsFirstAct(t *testing.T) {
	s := stopped(t, gone)
	s.book.Wait(flight)
	s.book.Break = ledgertest.On("note orders undoing")
	if _, err := s.undo("orders"); failure.ClassOf(err) != failure.TryAgain || len(s.told) > 0 {
		t.Errorf("%v after %d acts; want an error that time mends and none", err, len(s.told))
	}
}

func TestUndo_goesOnAfterACrashBetweenTheActAndItsEntry(t *testing.T) {
	s := stopped(t, gone)
	s.book.Wait(flight)
	s.book.Break = ledgertest.On("note orders undone")
	if _, err := s.undo("orders"); failure.ClassOf(err) != failure.TryAgain {
		t.Fatalf("%v; want an error that time mends", err)
	}
	s.book.Break = nil
	if answer, err := s.undo("orders"); err != nil || answer.Status != StatusDone {
		t.Errorf("%+v, %v; want it taken back", answer, err)
	}
	if diff := cmp.Diff([]string{"orders begun", "run undoing", "orders undoing", "orders undone"}, s.entries()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestUndo_saysWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		found look
		says  string
	}{
		"what the kind leaves":                 {stays, "Delete the thing by hand."},
		"what fails so that no retry mends it": {look{err: Permanent("access denied")}, "access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stopped(t, c.found)
			s.book.Wait(flight)
			if answer, err := s.undo("orders"); err != nil || answer.Status != StatusDone || answer.Detail != c.says {
				t.Errorf("%+v, %v; want it settled with %q", answer, err, c.says)
			}
			entries := s.book.Entries("p-1")
			if last := entries[len(entries)-1]; last.Event != run.Left || last.Detail != c.says {
				t.Errorf("the journal ends with %+v", last)
			}
		})
	}
}

func TestUndo_givesUpAfterTheTimeoutAndLeavesItToAPerson(t *testing.T) {
	s := stopped(t, look{err: errors.New("connection reset")})
	s.book.Wait(flight)
	for range 2 {
		answer, err := s.undo("orders")
		if err != nil || answer.Status != StatusWait || answer.WaitSeconds < 1 {
			t.Fatalf("%+v, %v; want a wait", answer, err)
		}
		s.book.Wait(10 * time.Minute)
	}
	s.book.Wait(time.Second)
	if answer, err := s.undo("orders"); err != nil || answer.Status != StatusDone {
		t.Fatalf("%+v, %v; want it left", answer, err)
	}
	entries := s.book.Entries("p-1")
	if last := entries[len(entries)-1]; last.Event != run.Left || last.Detail != "step orders was not taken back within 10m: connection reset" {
		t.Errorf("the journal ends with %+v", last)
	}
}

func TestUndo_ofADrillThatAFailoverInterrupted(t *testing.T) {
	s := newScene(t, gone)
	drill, err := run.New("p").Start(run.Order{Mode: run.Drill, Reason: "a test", AsOf: noon.Add(-time.Hour)}, noon)
	if err != nil {
		t.Fatal(err)
	}
	s.book.Set(drill.Opened())
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	if s.told[0].Drill == nil || s.told[0].AsOf.IsZero() {
		t.Errorf("the drill's step is told %+v", s.told[0])
	}
	s.book.Wait(time.Minute)
	disaster, err := drill.Start(run.Order{Reason: "a disaster"}, s.book.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.book.Set(disaster)
	if _, err := s.ask("orders"); failure.ClassOf(err) != failure.RunOver {
		t.Errorf("%v; want the drill's steps to be over", err)
	}
	s.book.Wait(flight)
	if answer, err := s.undo("orders"); err != nil || answer.Status != StatusDone {
		t.Fatalf("%+v, %v; want it taken back", answer, err)
	}
	if r := s.told[len(s.told)-1]; r.Drill == nil || r.Mode != run.Drill || r.Epoch != 0 {
		t.Errorf("told %+v; want a drill without the failover's epoch", r)
	}
}

func TestUndoing_isTheRequestThatTheStepBeganWith(t *testing.T) {
	s := newScene(t, pending)
	if _, err := s.ask("orders"); err != nil {
		t.Fatal(err)
	}
	again, err := Undoing(s.book.Entries("p-1")[0])
	if err != nil {
		t.Fatal(err)
	}
	was, err := decode[spec]([]byte(asked(Advance, "orders")))
	if err != nil {
		t.Fatal(err)
	}
	was.Op = Undo
	got, err := decode[spec](again)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(was, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestCheck_notesWhatWouldStopTheStepAndBelongsToNoRun(t *testing.T) {
	for name, c := range map[string]struct {
		found look
		want  []string
	}{
		"ready":                  {look{}, nil},
		"two problems":           {look{progress: Progress{Detail: "quota names"}}, []string{"quota", "names"}},
		"it cannot be found out": {look{err: errors.New("timeout")}, []string{"it could not be found out whether the step would work: timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, c.found)
			s.book.Set(run.New("p"))
			answer, err := s.send(asked(Check, "orders"))
			if err != nil || answer.Status != StatusDone || !slices.Equal(c.want, answer.Problems) {
				t.Errorf("%+v, %v", answer, err)
			}
			s.wantCalls("open", "check", "ready orders")
			ready, _, err := s.book.Readiness(t.Context(), "p")
			if err != nil || len(ready) != 1 || !slices.Equal(c.want, ready[0].Problems) || ready[0].Step != "orders" {
				t.Errorf("readiness %+v, %v", ready, err)
			}
			if r := s.told[0]; r.Drill == nil || r.ID != "" {
				t.Errorf("told %+v; want the plan's drill and no run", r)
			}
		})
	}
}
