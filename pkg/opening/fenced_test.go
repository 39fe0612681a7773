package opening_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/opening"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// ordered is a ledger whose run was started in a mode, as of a moment.
func ordered(t *testing.T, mode run.Mode, asOf time.Time) *ledgertest.Ledger {
	t.Helper()
	was := run.New(shop)
	if mode == run.Failback {
		was.Posture, was.Side = run.Active, run.RecoverySide
	}
	state, err := was.Start(run.Order{Mode: mode, Reason: "a test", AsOf: asOf}, noon)
	if err != nil {
		t.Fatal(err)
	}
	state.Run, state.Epoch = id, 1
	book := ledgertest.New(noon)
	book.Set(state)
	return book
}

// switchover is a planned run that was opened and whose fence was done after a
// minute, with two protected instances and their points.
func switchover(t *testing.T, mode run.Mode) (*ledgertest.Ledger, *region, opening.Request) {
	t.Helper()
	book, request := ordered(t, mode, time.Time{}), asks("web", "data")
	request.Fence = "fence"
	r := &region{sources: []string{"i-1", "i-2"}, points: map[string][]lineage.Point{
		"web": {image("ami-1", time.Hour, lineage.Complete)}, "data": append(pair("s1", "i-1", time.Minute), pair("s2", "i-2", time.Minute)...),
	}}
	if answer, err := open(t, book, r, request); err != nil || answer.Status != "DONE" {
		t.Fatalf("opened: %+v, %v", answer, err)
	}
	book.Wait(time.Minute)
	for _, event := range []run.Event{run.Begun, run.Done} {
		entry := run.Entry{Run: id, Step: "fence", Kind: plan.KindFence, Event: event, Mode: mode, At: noon.Add(time.Minute)}
		if err := book.Note(t.Context(), shop, entry); err != nil {
			t.Fatal(err)
		}
	}
	request.After, request.Step = "fence", "pin points"
	return book, r, request
}

func pinned(t *testing.T, book *ledgertest.Ledger) map[string][]string {
	t.Helper()
	record, err := book.Open(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for policy, points := range record.Pins {
		all[policy] = ids(points)
	}
	return all
}

// waits looks and wants to be told to look again.
func waits(t *testing.T, book *ledgertest.Ledger, r *region, request opening.Request, says string) {
	t.Helper()
	answer, err := open(t, book, r, request)
	if err != nil || answer.Status != "WAIT" || answer.WaitSeconds <= 0 || !strings.Contains(answer.Detail, says) {
		t.Errorf("%+v, %v; want to wait, as %q", answer, err, says)
	}
}

func settles(t *testing.T, book *ledgertest.Ledger, r *region, request opening.Request) {
	t.Helper()
	for range 3 {
		if answer, err := open(t, book, r, request); err != nil || answer.Status != "DONE" || answer.WaitSeconds != 0 {
			t.Fatalf("%+v, %v; want it done", answer, err)
		}
	}
}

func TestHandler_ofAGracefulRunPinsDataFromAfterItsFenceAlone(t *testing.T) {
	for _, mode := range []run.Mode{run.Planned, run.Failback} {
		book, r, request := switchover(t, mode)
		if diff := cmp.Diff(map[string][]string{"web": {"ami-1"}}, pinned(t, book)); diff != "" {
			t.Errorf("pinned before the fence (-want +got):\n%s", diff)
		}
		waits(t, book, r, request, "wanted from 2026-11-22T12:01:01Z on")
		if wanted := book.Of(shop).Wanted; !wanted.Equal(noon.Add(time.Minute + time.Second)) {
			t.Errorf("wanted from %s: AWS has no finer time than the second that the fence was seen in", wanted)
		}
		r.points["data"] = append(r.points["data"], pair("f1", "i-1", -62*time.Second)...)
		for range 2 {
			waits(t, book, r, request, "i-2 of policy data has its newest from 2026-11-22T11:59:00Z")
		}
		r.points["data"] = append(r.points["data"], pair("f2", "i-2", -63*time.Second)...)
		settles(t, book, r, request)
		want := map[string][]string{"web": {"ami-1"}, "data": {"snap-f2f", "snap-f2g", "snap-f1f", "snap-f1g"}}
		if diff := cmp.Diff(want, pinned(t, book)); diff != "" {
			t.Errorf("%s: pinned (-want +got):\n%s", mode, diff)
		}
		if diff := cmp.Diff([]string{"data"}, r.nudged); diff != "" {
			t.Errorf("asked for passes (-want +got):\n%s", diff)
		}
		from, to := "us-east-1", "us-west-2"
		if mode == run.Failback {
			from, to = to, from
		}
		if pass := r.passes[0]; pass.From.Region != from || pass.To.Region != to {
			t.Errorf("%s: looked at points from %s to %s", mode, pass.From.Region, pass.To.Region)
		}
	}
}

func TestHandler_ofAnUnplannedRunPinsEverythingAtOnceAndWaitsForNothing(t *testing.T) {
	book, r, request := switchover(t, run.Unplanned)
	before := pinned(t, book)
	if len(before["data"]) != 4 {
		t.Errorf("pinned at once: %v", before)
	}
	settles(t, book, r, request)
	if diff := cmp.Diff(before, pinned(t, book)); diff != "" || len(r.nudged) > 0 || !book.Of(shop).Wanted.IsZero() {
		t.Errorf("asked for %v; pins (-before +after):\n%s", r.nudged, diff)
	}
}

func say(t *testing.T, book *ledgertest.Ledger, answer run.Answer) {
	t.Helper()
	answer.Run, answer.By = id, "a person"
	if _, err := book.Say(t.Context(), shop, answer); err != nil {
		t.Fatal(err)
	}
}

// The primary region fails while the run waits for points out of it.
func TestHandler_goesOnWithTheNewestPointsWhenARunIsPlannedNoMore(t *testing.T) {
	book, r, request := switchover(t, run.Planned)
	waits(t, book, r, request, "wanted from")
	say(t, book, run.Answer{Step: run.Whole, Word: run.SayUnplanned, At: noon.Add(2 * time.Minute)})
	settles(t, book, r, request)
	if got := pinned(t, book)["data"]; len(got) != 4 || got[0] != "snap-s1f" {
		t.Errorf("pinned %v; want the newest that there are", got)
	}
	if len(r.passes) > 0 {
		t.Error("it looked at what is protected on the side that may be gone")
	}
}

// A run that a person makes planned on its way has pinned everything already: what
// holds the last writes counts before that.
func TestHandler_pinsAgainWhenARunBecomesPlannedBeforeItsFence(t *testing.T) {
	book := ordered(t, run.Unplanned, time.Time{})
	request := asks("data")
	request.Fence = "fence"
	r := &region{sources: []string{"i-1"}, points: map[string][]lineage.Point{"data": pair("s1", "i-1", time.Minute)}}
	if _, err := open(t, book, r, request); err != nil {
		t.Fatal(err)
	}
	say(t, book, run.Answer{Step: run.Whole, Word: run.SayPlanned, At: noon})
	for _, event := range []run.Event{run.Begun, run.Done} {
		if err := book.Note(t.Context(), shop, run.Entry{Run: id, Step: "fence", Kind: plan.KindFence, Event: event, Mode: run.Planned, At: noon}); err != nil {
			t.Fatal(err)
		}
	}
	request.After = "fence"
	waits(t, book, r, request, "wanted from")
	r.points["data"] = append(r.points["data"], pair("f1", "i-1", -2*time.Second)...)
	settles(t, book, r, request)
	if got := pinned(t, book)["data"]; len(got) != 2 || got[0] != "snap-f1f" {
		t.Errorf("pinned %v; want what was taken after the fence", got)
	}
}

func TestHandler_asksAPersonWhenPointsFromAfterTheFenceDoNotCome(t *testing.T) {
	book, r, request := switchover(t, run.Planned)
	waits(t, book, r, request, "wanted from")
	book.Wait(2 * time.Hour)
	for range 2 {
		if _, err := open(t, book, r, request); failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "answer retry to wait on") {
			t.Errorf("%v; want it to fail for good", err)
		}
	}
	say(t, book, run.Answer{Step: "pin points", Word: run.SayRetry, At: noon.Add(2 * time.Hour)})
	waits(t, book, r, request, "no usable point from after the fence")
	say(t, book, run.Answer{Step: run.Whole, Word: run.SayAbort, At: noon.Add(2 * time.Hour)})
	if _, err := open(t, book, r, request); failure.ClassOf(err) != failure.Abort {
		t.Errorf("%v; want the run to be aborted", err)
	}
}

func TestHandler_refusesAPlannedRunThatNothingFences(t *testing.T) {
	book := ordered(t, run.Planned, time.Time{})
	_, err := open(t, book, &region{}, asks())
	if failure.ClassOf(err) != failure.Permanent || ledgertest.Writes(book.Calls()) > 0 {
		t.Errorf("%v; want a refusal and no write", err)
	}
}

func TestHandler_pinsWhatOnlyADrillUsesInADrillAlone(t *testing.T) {
	for mode, want := range map[run.Mode]int{run.Drill: 2, run.Unplanned: 1} {
		book, request := ordered(t, mode, time.Time{}), asks("web", "data")
		request.DrillAlone, request.Drill = []string{"data"}, &plan.Drill{}
		r := &region{points: map[string][]lineage.Point{"web": {image("ami-1", time.Hour, lineage.Complete)}, "data": pair("s1", "i-1", time.Hour)}}
		if _, err := open(t, book, r, request); err != nil {
			t.Fatal(err)
		}
		if got := pinned(t, book); len(got) != want {
			t.Errorf("%s: pinned %v", mode, got)
		}
	}
}
