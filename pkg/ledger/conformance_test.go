package ledger_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// book is all that a ledger promises.
type book interface {
	State(ctx context.Context, plan string) (run.State, time.Time, error)
	Swap(ctx context.Context, was, next run.State) error
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Note(ctx context.Context, plan string, entry run.Entry) error
	Pin(ctx context.Context, plan, runID string, pins run.Pins) error
	Pins(ctx context.Context, plan string) (run.Pins, error)
	Shift(ctx context.Context, plan string, epoch int64, to run.Side) (bool, error)
	Turn(ctx context.Context, plan string, epoch int64, turned bool) (bool, error)
	Unfence(ctx context.Context, plan string, epoch int64, since time.Time) (bool, error)
	Say(ctx context.Context, plan string, answer run.Answer) (bool, error)
	Ready(ctx context.Context, plan string, ready run.Readiness) error
	Readiness(ctx context.Context, plan string) ([]run.Readiness, time.Time, error)
	Aged(ctx context.Context, plan string, age run.Age) error
	Ages(ctx context.Context, plan string) ([]run.Age, error)
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// both gives a promise's test an empty ledger of each kind: the one that the
// product uses, and the one that other packages' tests use in its place.
func both(t *testing.T, promise func(t *testing.T, b book, plan string)) {
	t.Helper()
	plan := "plan-" + strings.ToLower(strings.NewReplacer("_", "-", "/", "-").Replace(t.Name()))
	t.Run("in DynamoDB", func(t *testing.T) {
		table(t, plan)
		promise(t, ledger.New(simulated.Shared(t).Config(recovery)), plan)
	})
	t.Run("in memory", func(t *testing.T) { promise(t, ledgertest.New(noon), plan) })
}

func state(t *testing.T, b book, plan string) run.State {
	t.Helper()
	state, _, err := b.State(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// starts takes the lock for the plan's next run.
func starts(t *testing.T, b book, plan string) run.State {
	t.Helper()
	was := state(t, b, plan)
	next, err := was.Start(run.Order{Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Swap(t.Context(), was, next); err != nil {
		t.Fatal(err)
	}
	return state(t, b, plan)
}

// closes ends the run that holds the lock.
func closes(t *testing.T, b book, plan string, end run.End) {
	t.Helper()
	was := state(t, b, plan)
	next, err := was.Closed(end, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Swap(t.Context(), was, next); err != nil {
		t.Fatal(err)
	}
}

func TestState_ofAPlanThatWasNeverWrittenIsStandby(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		got, now, err := b.State(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(run.New(plan), got); diff != "" {
			t.Errorf("state (-want +got):\n%s", diff)
		}
		if now.IsZero() || now.Nanosecond() != 0 {
			t.Errorf("read at %s; want AWS's time to the second", now)
		}
	})
}

func TestSwap_keepsWhatWasWrittenAndItsSchema(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		was := state(t, b, plan)
		want, err := was.Start(run.Order{Reason: "the region is gone"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		want.Schema = 0 // as a caller may leave it
		if err := b.Swap(t.Context(), was, want); err != nil {
			t.Fatal(err)
		}
		want.Version, want.Schema = 1, run.Schema
		if diff := cmp.Diff(want, state(t, b, plan)); diff != "" {
			t.Errorf("state (-want +got):\n%s", diff)
		}
	})
}

func TestSwap_letsExactlyOneOfManyWritersWin(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		for round := range 2 { // the first write and a later one have different conditions
			was := state(t, b, plan)
			next, err := was.Start(run.Order{Reason: "a race"}, noon)
			if err != nil {
				t.Fatal(err)
			}
			var won, lost atomic.Int32
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					switch err := b.Swap(t.Context(), was, next); {
					case err == nil:
						won.Add(1)
					case errors.Is(err, run.ErrConflict):
						lost.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 || lost.Load() != 15 {
				t.Errorf("round %d: %d writers won and %d were told of the conflict; want 1 and 15", round, won.Load(), lost.Load())
			}
			closes(t, b, plan, run.Aborted)
		}
	})
}

func TestNote_keepsTheFirstEntryOfItsKind(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		first := run.Entry{Run: plan + "-1", Step: "orders", Event: run.Begun, At: noon}
		again := run.Entry{Run: plan + "-1", Step: "orders", Event: run.Begun, At: noon.Add(time.Minute), Detail: "again"}
		for _, entry := range []run.Entry{first, again, again} {
			if err := b.Note(t.Context(), plan, entry); err != nil {
				t.Fatal(err)
			}
		}
		record, err := b.Open(t.Context(), plan, plan+"-1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]run.Entry{first}, record.Entries); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	})
}

func TestNote_ofSixteenAtOnceKeepsOne(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if err := b.Note(t.Context(), plan, run.Entry{Run: plan + "-1", Step: "orders", Event: run.Done, At: noon}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		record, err := b.Open(t.Context(), plan, plan+"-1")
		if err != nil || len(record.Entries) != 1 {
			t.Errorf("%d entries, error %v; want one", len(record.Entries), err)
		}
	})
}

func TestNote_keepsEveryTurnOfAStepThatMustHold(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		var want []run.Entry
		for i, event := range []run.Event{run.Good, run.Missed, run.Good} {
			want = append(want, run.Entry{Run: plan + "-1", Step: "verify", Event: event, At: noon.Add(time.Duration(i) * time.Minute)})
		}
		for _, i := range []int{2, 0, 1, 1, 0} { // however late they arrive
			if err := b.Note(t.Context(), plan, want[i]); err != nil {
				t.Fatal(err)
			}
		}
		record, err := b.Open(t.Context(), plan, plan+"-1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, record.Entries); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	})
}

func TestOpen_showsOneRunAndNoOther(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		for _, id := range []string{plan + "-1", plan + "-10", plan + "-11"} {
			if err := b.Note(t.Context(), plan, run.Entry{Run: id, Step: "orders", Event: run.Done, At: noon, Outputs: map[string]string{"endpoint": id}}); err != nil {
				t.Fatal(err)
			}
			if err := b.Pin(t.Context(), plan, id, run.Pins{"data": {{ID: "snap-of-" + id}}}); err != nil {
				t.Fatal(err)
			}
		}
		record, err := b.Open(t.Context(), plan, plan+"-1")
		if err != nil {
			t.Fatal(err)
		}
		want := []run.Entry{{Run: plan + "-1", Step: "orders", Event: run.Done, At: noon, Outputs: map[string]string{"endpoint": plan + "-1"}}}
		if diff := cmp.Diff(want, record.Entries); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(run.Pins{"data": {{ID: "snap-of-" + plan + "-1"}}}, record.Pins); diff != "" {
			t.Errorf("pins (-want +got):\n%s", diff)
		}
	})
}

func TestPin_keepsTheFirstChoice(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		id := starts(t, b, plan).Run
		first := run.Pins{"data": {{ID: "snap-1", Policy: "data", TakenAt: noon, State: lineage.Complete}}}
		for _, pins := range []run.Pins{first, {"data": {{ID: "snap-2"}}}, {}} {
			if err := b.Pin(t.Context(), plan, id, pins); err != nil {
				t.Fatal(err)
			}
		}
		got, err := b.Pins(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("pins (-want +got):\n%s", diff)
		}
	})
}

func TestPins_areThoseOfTheNewestRunAlone(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		if pins, err := b.Pins(t.Context(), plan); err != nil || len(pins) != 0 {
			t.Fatalf("a plan that never ran pins %v, error %v", pins, err)
		}
		first := starts(t, b, plan).Run
		if err := b.Pin(t.Context(), plan, first, run.Pins{"data": {{ID: "snap-1"}}}); err != nil {
			t.Fatal(err)
		}
		closes(t, b, plan, run.Aborted)
		starts(t, b, plan)
		if pins, err := b.Pins(t.Context(), plan); err != nil || len(pins) != 0 {
			t.Errorf("the second run pins %v, error %v; want nothing yet", pins, err)
		}
	})
}
