package resumeprotection

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var of = step.Run{Plan: "storefront", ID: "storefront-1", Epoch: 1, Step: "resume", Mode: run.Unplanned, Recovery: "us-west-2", Now: noon}

func TestAdvance_turnsProtectionRoundOnceAndUndoTurnsItBack(t *testing.T) {
	book := ledgertest.Started("storefront", noon)
	kind, before := New(book), book.Of("storefront")
	if !before.Resting() || before.Serving() != run.PrimarySide {
		t.Fatalf("before: %+v", before)
	}
	for range 3 {
		if got, err := kind.Advance(t.Context(), of, plan.ResumeProtection{}); err != nil || !got.Done {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if state := book.Of("storefront"); state.Resting() || state.Serving() != run.RecoverySide || state.Version != before.Version+1 {
		t.Errorf("after three looks: %+v", state)
	}
	for range 3 {
		if got, err := kind.Undo(t.Context(), of, plan.ResumeProtection{}); err != nil || !got.Done || got.Left != "" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	after := book.Of("storefront")
	after.Version = before.Version
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("after it was taken back (-before +after):\n%s", diff)
	}
}

func TestAdvance_changesNothingUnderAnEpochThatIsOver(t *testing.T) {
	book := ledgertest.Started("storefront", noon)
	late := of
	late.Epoch = 0
	if _, err := New(book).Advance(t.Context(), late, plan.ResumeProtection{}); failure.ClassOf(err) != failure.RunOver {
		t.Errorf("%v; want that the run is over", err)
	}
	if book.Of("storefront").Turned {
		t.Error("protection was turned round by a run without the lock")
	}
}

func TestAdvance_leavesTheLedgerAloneInADrill(t *testing.T) {
	book := ledgertest.New(noon)
	drill := of
	drill.Mode, drill.Drill = run.Drill, &plan.Drill{}
	got, err := New(book).Advance(t.Context(), drill, plan.ResumeProtection{})
	if err != nil || !got.Done || !strings.HasPrefix(got.Detail, "left out in a drill: ") {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := New(book).Undo(t.Context(), drill, plan.ResumeProtection{}); err != nil {
		t.Error(err)
	}
	if calls := book.Calls(); len(calls) > 0 {
		t.Errorf("calls %v", calls)
	}
}
