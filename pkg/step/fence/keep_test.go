package fence

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// began has the journal say that the fence began, as its handler does before it acts.
func (w *world) began() {
	w.t.Helper()
	entry := run.Entry{Run: w.run.ID, Step: "fence", Event: run.Begun, At: w.run.Began, Mode: w.run.Mode, Kind: plan.KindFence}
	if err := w.book.Note(w.t.Context(), "storefront", entry); err != nil {
		w.t.Fatal(err)
	}
}

// tick is one of keep-fence's schedule.
func (w *world) tick() (Kept, error) {
	w.t.Helper()
	w.book.At(w.now())
	raw, err := json.Marshal(Keeping{Plan: "storefront", Primary: home, Step: "fence", Spec: w.spec})
	if err != nil {
		w.t.Fatal(err)
	}
	return Keep(w.caller.Config(w.aws, w.front, away), w.book)(w.t.Context(), raw)
}

// keeps ticks until keep-fence has nothing to do.
func (w *world) keeps() {
	w.t.Helper()
	for range 20 {
		kept, err := w.tick()
		if err == nil && kept.Fenced {
			return
		}
		w.pass(time.Minute)
	}
	w.t.Fatalf("not fenced after twenty ticks: %v", w.shown())
}

// unfenced is a world whose primary was gone when the run passed its fence.
func unfenced(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, run.Unplanned)
	w.began()
	w.front.Refuse(home)
	w.advance()
	return w
}

func TestKeep_fencesAnOldPrimaryThatComesBackWhileThePlanIsActive(t *testing.T) {
	w := unfenced(t)
	for range 3 {
		if kept, err := w.tick(); err != nil || kept.Fenced || !strings.Contains(kept.Detail, "does not answer; unfenced since") {
			t.Errorf("while it is gone: %+v, %v", kept, err)
		}
		w.pass(time.Minute)
	}
	closed, err := w.book.Of("storefront").Closed(run.Recovered, w.now())
	if err != nil {
		t.Fatal(err)
	}
	w.book.Set(closed)
	w.front.Heal(home)
	w.keeps()
	w.isFenced()
	if state := w.book.Of("storefront"); !state.Unfenced.IsZero() || state.Posture != run.Active {
		t.Errorf("the ledger says unfenced since %s, %s", state.Unfenced, state.Posture)
	}
	var said []string
	for _, entry := range w.book.Entries(w.run.ID) {
		if entry.Event == run.Good {
			said = append(said, entry.Detail)
		}
	}
	if all := strings.Join(said, "; "); !strings.Contains(all, "us-east-1 answers again") || !strings.Contains(all, "us-east-1 is fenced; it was unfenced since") {
		t.Errorf("the journal says %q", said)
	}
	w.book.Calls()
	changes := len(w.caller.Changes)
	if kept, err := w.tick(); err != nil || !kept.Fenced || len(w.caller.Changes) != changes || ledgertest.Writes(w.book.Calls()) > 0 {
		t.Errorf("a tick with nothing to do: %+v, %v, changes %v", kept, err, w.caller.Changes[changes:])
	}
}

// What keep-fence shut is opened again when the run is aborted after all.
func TestKeep_isTakenBackWithItsRunAfterACrashAtAnyCall(t *testing.T) {
	for _, at := range []int{0, 1, 2, 4} {
		w := unfenced(t)
		w.front.Heal(home)
		before := w.shown()
		w.caller.CrashAt = at
		_, _ = w.tick()
		if at == 0 {
			w.keeps()
			w.isFenced()
		}
		record, err := w.book.Open(t.Context(), "storefront", w.run.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.run.Good = record.GoodSince("fence")
		w.undo()
		if diff := cmp.Diff(before, w.shown()); diff != "" {
			t.Errorf("died after change %d, %v (-before +after):\n%s", at, w.caller.Changes, diff)
		}
	}
}

// The step keeps the mode that it began in: nobody else fences for it.
func TestKeep_goesOnWhenTheRunIsPlannedMeanwhile(t *testing.T) {
	w := unfenced(t)
	w.front.Heal(home)
	w.say(run.SayPlanned)
	if _, err := w.tick(); err != nil {
		t.Fatal(err)
	}
	if w.calls() == 0 {
		t.Error("nothing was asked of the primary: it goes on taking writes")
	}
}

func TestKeep_leavesAloneWhatItMustNotFence(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"nothing is unfenced": func(w *world) {
			state := w.book.Of("storefront")
			state.Unfenced = time.Time{}
			w.book.Set(state)
		},
		"the run is being taken back": func(w *world) {
			entry := run.Entry{Run: w.run.ID, Step: run.Whole, Event: run.Undoing, At: w.now()}
			if err := w.book.Note(t.Context(), "storefront", entry); err != nil {
				t.Fatal(err)
			}
		},
		"somebody cancelled the run": func(w *world) { w.say(run.SayAbort) },
		"the plan is in standby": func(w *world) {
			state := w.book.Of("storefront")
			state.Posture = run.Standby
			w.book.Set(state)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := unfenced(t)
			w.front.Heal(home)
			before := w.shown()
			change(w)
			if _, err := w.tick(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.shown()); diff != "" || w.calls() > 0 {
				t.Errorf("%d calls to the primary (-before +after):\n%s", w.calls(), diff)
			}
		})
	}
}

func (w *world) say(word run.Word) {
	w.t.Helper()
	if _, err := w.book.Say(w.t.Context(), "storefront", run.Answer{Run: w.run.ID, Step: run.Whole, Word: word, By: "a person", At: w.now()}); err != nil {
		w.t.Fatal(err)
	}
}

// A look of keep-fence that began before the run was stopped may shut something after
// the way back has begun: that waits until no such look can be left.
func TestUndo_waitsForALookOfKeepFenceThatIsUnderWay(t *testing.T) {
	w := unfenced(t)
	w.run.Now = w.now()
	w.run.Stopped = w.run.Now
	for range 2 {
		if got, err := w.kind().Undo(t.Context(), w.run, w.spec); err != nil || got.Done {
			t.Errorf("as the run is stopped: %+v, %v", got, err)
		}
	}
	w.run.Now = w.run.Stopped.Add(landed)
	if got, err := w.kind().Undo(t.Context(), w.run, w.spec); err != nil || !got.Done {
		t.Errorf("once no look is left: %+v, %v", got, err)
	}
}

// Whatever it is sent, nothing is done in AWS while the ledger has nothing unfenced.
func FuzzKeep(f *testing.F) {
	for _, raw := range repository.Events(f, "keep-fence") {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		book := ledgertest.Started("storefront", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		kept, err := Keep(aws.Config{}, book)(t.Context(), raw)
		if err == nil && !kept.Fenced || err != nil && (failure.ClassOf(err) != failure.BadInput || len(book.Calls()) > 0) {
			t.Errorf("%q: %+v, %v", raw, kept, err)
		}
	})
}
