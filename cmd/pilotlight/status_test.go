package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestShow_saysWhatWaitsForAPersonAndHowToAnswer(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	state, err := run.New("p").Start(run.Order{Reason: "a test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	record := run.Record{State: state.Opened(), Entries: []run.Entry{
		{Step: "orders", Event: run.Begun, At: noon}, {Step: "orders", Event: run.Failed, At: noon, Detail: "no replica"}, {Step: "orders", Event: run.Held, At: noon},
		{Step: "sure", Event: run.Begun, At: noon, Kind: plan.KindApprove}, {Step: "web", Event: run.Begun, At: noon},
	}}
	var out strings.Builder
	if show(&out, record, run.Record{}, []run.Readiness{
		{Course: plan.CourseRecover, Step: "web", Problems: []string{"Raise the quota."}}, {Course: plan.CourseFailback, Step: "home", Problems: []string{"It is not gone."}},
	}) {
		t.Error("nobody has anything to do")
	}
	for _, says := range []string{
		"plan p is failing-over", "run p-1, unplanned: running", "no replica", "pilotlight answer p p-1 orders retry | skip | abort",
		"pilotlight answer p p-1 sure yes | no", "step web would not work now: Raise the quota.",
	} {
		if !strings.Contains(out.String(), says) {
			t.Errorf("it does not say %q:\n%s", says, out.String())
		}
	}
	if strings.Contains(out.String(), "step home") {
		t.Errorf("a failback is not ready, long before there can be one:\n%s", out.String())
	}
	if strings.Contains(out.String(), "answer p p-1 web") {
		t.Errorf("a step that is under way waits for an answer:\n%s", out.String())
	}
	dirty, err := record.State.Closed(run.Dirty, noon)
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if show(&out, run.Record{State: dirty}, run.Record{}, nil) || !strings.Contains(out.String(), "pilotlight answer p p-1 run standby | active") {
		t.Errorf("of a plan that needs a person:\n%s", out.String())
	}
	out.Reset()
	if !show(&out, run.Record{State: run.New("p")}, run.Record{}, nil) {
		t.Errorf("of a plan that never ran:\n%s", out.String())
	}
}

func TestOld_saysWhatWouldComeBack(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var out strings.Builder
	old(&out, []run.Age{
		{Policy: "data", Newest: noon.Add(-50 * time.Minute), At: noon.Add(-3 * time.Minute)},
		{Policy: "web", Newest: noon.Add(-time.Hour), At: noon.Add(-time.Hour), Problem: "AccessDenied"},
		{Policy: "new", At: noon}, {Policy: "never", Problem: "AccessDenied"},
	}, noon)
	want := `
policy data: data of 2026-11-22T11:10:00Z, 50m old, would come back
policy web: data of 2026-11-22T11:00:00Z, 1h old, would come back; since 2026-11-22T11:00:00Z it could not be seen: AccessDenied
policy new: a source had no usable recovery point at 2026-11-22T12:00:00Z
policy never: nobody knows how old its data are: AccessDenied
`
	if got := out.String(); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}

func TestShow_saysWhatPeopleAreAskedAndHowToAnswer(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	asked := run.Record{State: run.New("p").Warned("the shop is down", 30*time.Minute, noon)}
	said := func(word run.Word) run.Record {
		answered := asked
		answered.Answers = []run.Answer{{Run: "p-1", Step: run.Question, Attempt: 1, Word: word, By: "ada", At: noon}}
		return answered
	}
	for _, c := range []struct {
		record run.Record
		idle   bool // nobody has anything to do
		says   string
	}{
		{asked, false, "pilotlight answer p p-1 start yes | no --question 1"},
		{run.Record{State: run.New("p").Warned("the shop is down", 0, noon)}, false, "pilotlight failover p --reason"},
		{said(run.SayYes), true, "ada said yes at 2026-11-22T12:00:00Z; run p-1 starts within a minute"},
		{said(run.SayNo), true, "ada said no at 2026-11-22T12:00:00Z; that stands until the signals are well"},
	} {
		var out strings.Builder
		if idle := show(&out, c.record, c.record, nil); idle != c.idle || !strings.Contains(out.String(), c.says) || !strings.Contains(out.String(), "the shop is down") {
			t.Errorf("nobody has anything to do: %t, want %t and %q:\n%s", idle, c.idle, c.says, out.String())
		}
	}
}
