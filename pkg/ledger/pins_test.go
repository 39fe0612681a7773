package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// later is what a ledger promises of the points from after a fence.
type later interface {
	book
	PinFenced(ctx context.Context, plan, runID string, pins run.Pins) error
	Want(ctx context.Context, plan string, epoch int64, from time.Time) (bool, error)
}

func TestPinFenced_countsBeforeWhatTheRunWasOpenedWithAndIsWrittenOnce(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		id := starts(t, b, plan).Run
		opened := run.Pins{"web": {{ID: "ami-1"}}, "data": {{ID: "snap-opened"}}}
		for _, err := range []error{
			b.(later).PinFenced(t.Context(), plan, id, run.Pins{"data": {{ID: "snap-fenced"}}}), // also when it comes first
			b.Pin(t.Context(), plan, id, opened),
			b.(later).PinFenced(t.Context(), plan, id, run.Pins{"data": {{ID: "snap-again"}}}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		want := run.Pins{"web": {{ID: "ami-1"}}, "data": {{ID: "snap-fenced"}}}
		record, err := b.Open(t.Context(), plan, id)
		if err != nil {
			t.Fatal(err)
		}
		pins, err := b.Pins(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, record.Pins) + cmp.Diff(want, pins); diff != "" {
			t.Errorf("the run's pins, and those that retention keeps (-want +got):\n%s", diff)
		}
		if len(record.Entries) > 0 {
			t.Errorf("pins were read as the entries %v", record.Entries)
		}
	})
}

func TestWant_isOfTheRunThatHoldsTheLockAndEndsWithIt(t *testing.T) {
	both(t, func(t *testing.T, b book, plan string) {
		epoch := starts(t, b, plan).Epoch
		for i := range 2 {
			changed, err := b.(later).Want(t.Context(), plan, epoch, noon)
			if err != nil || changed != (i == 0) {
				t.Errorf("asked the %d. time: changed %t, %v", i+1, changed, err)
			}
		}
		if _, err := b.(later).Want(t.Context(), plan, epoch-1, noon); failure.ClassOf(err) != failure.RunOver {
			t.Errorf("an older run: %v; want that it is over", err)
		}
		if got := state(t, b, plan).Wanted; !got.Equal(noon) {
			t.Errorf("wanted from %s", got)
		}
		closes(t, b, plan, run.Aborted)
		if got := state(t, b, plan).Wanted; !got.IsZero() {
			t.Errorf("wanted from %s when the run is over", got)
		}
	})
}
