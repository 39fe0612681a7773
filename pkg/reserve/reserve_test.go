package reserve_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/reserve"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// begins starts a run of a plan.
func begins(t *testing.T, book *ledgertest.Ledger, plan string, mode run.Mode) {
	t.Helper()
	next, err := book.Of(plan).Start(run.Order{Mode: mode, Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	book.Set(next.Opened())
}

// ends ends a plan's run.
func ends(t *testing.T, book *ledgertest.Ledger, plan string, end run.End) {
	t.Helper()
	next, err := book.Of(plan).Closed(end, noon)
	if err != nil {
		t.Fatal(err)
	}
	book.Set(next)
}

func take(t *testing.T, book *ledgertest.Ledger, plan string, children ...string) error {
	t.Helper()
	state := book.Of(plan)
	return reserve.Take(t.Context(), book, plan, run.Order{Mode: state.Mode, Reason: "for " + plan}, children)
}

// lock is who holds a plan's lock: "reserved by p-1", or "standby".
func lock(book *ledgertest.Ledger, plan string) string {
	state := book.Of(plan)
	if !state.UnderWay() {
		return string(state.Posture)
	}
	return string(state.Phase) + " by " + state.Parent()
}

func TestTake_reservesEveryChildInTheOrderOfNames(t *testing.T) {
	book := ledgertest.New(noon)
	begins(t, book, "p", run.Planned)
	var order []string
	for range 3 {
		if err := take(t, book, "p", "b", "a"); err != nil {
			t.Fatal(err)
		}
	}
	for _, plan := range []string{"a", "b"} {
		state := book.Of(plan)
		if lock(book, plan) != "reserved by p-1" || state.Posture != run.FailingOver || state.Mode != run.Planned || state.Epoch != 1 {
			t.Errorf("%s: %+v", plan, state)
		}
		order = append(order, plan)
	}
	if diff := cmp.Diff(order, book.Of("p").Children); diff != "" {
		t.Errorf("the parent's children (-want +got):\n%s", diff)
	}
}

func TestTake_ofTwoParentsLetsOneHaveAllAndTheOtherNone(t *testing.T) {
	book := ledgertest.New(noon)
	begins(t, book, "p", "")
	begins(t, book, "q", "")
	if err := take(t, book, "p", "a"); err != nil { // and is held up before it takes b
		t.Fatal(err)
	}
	if err := take(t, book, "q", "b", "a"); failure.ClassOf(err) != failure.Permanent {
		t.Fatalf("%v; want a refusal", err)
	}
	if got := lock(book, "b"); got != "standby" {
		t.Errorf("b is %s, and q took it without having a", got)
	}
	ends(t, book, "q", run.Aborted)
	if err := reserve.Release(t.Context(), book, "q"); err != nil {
		t.Fatal(err)
	}
	if err := take(t, book, "p", "a", "b"); err != nil {
		t.Errorf("%v; want the first parent to have both", err)
	}
}

func TestRelease_givesBackWhatTheRunDidNotUseAndNothingElse(t *testing.T) {
	book := ledgertest.New(noon)
	begins(t, book, "p", "")
	begins(t, book, "other", "")
	if err := take(t, book, "p", "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	if err := reserve.Release(t.Context(), book, "p"); err != nil || lock(book, "a") != "reserved by p-1" {
		t.Fatalf("%v, %s; want nothing given back while the run goes on", err, lock(book, "a"))
	}
	used, err := book.Of("b").Freed(run.Unplanned)
	if err != nil {
		t.Fatal(err)
	}
	book.Set(used)
	ends(t, book, "p", run.Dirty)
	book.Break = ledgertest.On("swap")
	if err := reserve.Release(t.Context(), book, "p"); err == nil {
		t.Fatal("nothing was written, and that was no error")
	}
	book.Break = nil
	for range 2 {
		if err := reserve.Release(t.Context(), book, "p"); err != nil {
			t.Fatal(err)
		}
	}
	for plan, want := range map[string]string{"a": "standby", "b": "starting by p-1", "c": "standby", "other": "running by "} {
		if got := lock(book, plan); got != want {
			t.Errorf("%s is %s, want %s", plan, got, want)
		}
	}
	if children := book.Of("p").Children; len(children) > 0 {
		t.Errorf("the parent still has %v", children)
	}
}

func TestTake_leavesAChildThatIsThereOrOnItsWayByItself(t *testing.T) {
	book := ledgertest.New(noon)
	begins(t, book, "a", "") // its own alarms were first
	begins(t, book, "b", "")
	ends(t, book, "b", run.Recovered)
	begins(t, book, "p", "")
	if err := take(t, book, "p", "a", "b"); err != nil {
		t.Fatal(err)
	}
	if lock(book, "a") != "running by " || lock(book, "b") != "active" {
		t.Errorf("a is %s, b is %s; want both left as they were", lock(book, "a"), lock(book, "b"))
	}
}

func TestTake_refusesAChildThatGoesAnotherWay(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, book *ledgertest.Ledger){
		"it needs a person": func(t *testing.T, book *ledgertest.Ledger) { begins(t, book, "a", ""); ends(t, book, "a", run.Dirty) },
		"it is repaired":    func(t *testing.T, book *ledgertest.Ledger) { begins(t, book, "a", run.Repair) },
	} {
		book := ledgertest.New(noon)
		spoil(t, book)
		begins(t, book, "p", "")
		before := book.Of("a")
		if err := take(t, book, "p", "a"); failure.ClassOf(err) != failure.Permanent || !cmp.Equal(before, book.Of("a")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTake_ofADisasterEndsADrillOfTheChildren(t *testing.T) {
	book := ledgertest.New(noon)
	begins(t, book, "p", run.Drill)
	if err := take(t, book, "p", "a"); err != nil {
		t.Fatal(err)
	}
	disaster, err := book.Of("p").Start(run.Order{Reason: "the region is gone"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	book.Set(disaster)
	if err := take(t, book, "p", "a"); err != nil || lock(book, "a") != "reserved by p-2" {
		t.Errorf("%v; a is %s", err, lock(book, "a"))
	}
}
