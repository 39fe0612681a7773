package failures_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/inventory"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// trouble is one column of docs/failure-model.md's matrix: what goes wrong with the
// call by which a step acts.
type trouble struct {
	name  string
	short string                                  // in the names of plans
	fault func(t trial, kill func()) *front.Fault // nil: none
	hang  bool                                    // the primary region does not answer
	acts  bool                                    // the step may have acted in the end
	held  bool                                    // a person is asked
}

func refused(t trial, times int, after bool, then func()) *front.Fault {
	return &front.Fault{
		Service: t.service, Action: t.action, Region: t.region, Holding: t.holding, Code: "AccessDenied", Message: "injected", Status: 403,
		Times: times, AfterActing: after, Then: then,
	}
}

func busy(t trial, times int) *front.Fault {
	return &front.Fault{
		Service: t.service, Action: t.action, Region: t.region, Holding: t.holding, Code: "RequestLimitExceeded", Message: "injected", Status: 503,
		Times: times,
	}
}

var troubles = []trouble{
	{name: "goes well", short: "well", acts: true},
	{name: "fails before acting", short: "before", held: true, fault: func(t trial, _ func()) *front.Fault { return refused(t, 0, false, nil) }},
	{name: "fails after acting", short: "after", held: true, acts: true, fault: func(t trial, _ func()) *front.Fault { return refused(t, 1, true, nil) }},
	{name: "times out", short: "slow", held: true, fault: func(t trial, _ func()) *front.Fault { return busy(t, 0) }},
	{name: "crashes after acting", short: "crash", acts: true, fault: func(t trial, kill func()) *front.Fault { return refused(t, 1, true, kill) }},
	{name: "answers throttled", short: "busy", acts: true, fault: func(t trial, _ func()) *front.Fault { return busy(t, 3) }},
	{name: "sees the other region hang", short: "hang", acts: true, hang: true},
}

// trial is one row: a step kind in a plan of its own, on things of its own.
type trial struct {
	kind            plan.Kind
	mode            run.Mode // empty: unplanned
	service, action string   // the call by which it acts
	region          string   // of that call; empty: any
	holding         string   // what tells that call from others of the action; empty: nothing has to
	home            bool     // it needs a control plane in the primary region
	asks            bool     // a person says yes once the step has asked
	own             []string // troubles, by their short names, that furnish makes in the kind's own way
	// stays says when what the step does cannot be taken back; nil: never.
	stays func(trouble) bool
	// furnish makes what the step finds, under names that begin with the plan's, and
	// gives its spec. It may add to the plan.
	furnish func(w *world, p *plan.Plan) any
}

func onceActed(t trouble) bool { return t.acts }
func onceDone(t trouble) bool  { return t.acts && !t.held }

// only narrows the matrix while some kinds are worked on: -kind fence,retire.
var only = flag.String("kind", "", "the step kinds to try, separated by commas; empty: all")

const (
	tried = "tried" // the step
	gate  = "gate"  // the step after it, which would wait for ever: every run is cancelled there
	yes   = "yes"   // what a person says to a step that asks
)

// attempt is a trial in trouble.
type attempt struct {
	trial
	trouble
	plan *plan.Plan
	told map[string]bool // answers that were given
}

// Every run of the matrix is aborted in the end: at the step, if a person is asked
// there, and else at the one after it. So it ends Aborted, and AWS is as it was
// before; or Dirty, because the step did what cannot be taken back.
func TestStepKinds_endAsTheFailureModelSays(t *testing.T) {
	w := newWorld(t)
	var functions []string
	for _, trial := range trials {
		functions = append(functions, string(trial.kind))
	}
	if _, err := w.Build(t.Context(), functions); err != nil {
		t.Fatal(err)
	}
	for i, trouble := range troubles {
		t.Run(trouble.name, func(t *testing.T) {
			inside := *w
			inside.t, inside.number, inside.trouble = t, i, trouble
			inside.column(trouble)
		})
	}
}

// column plays one trouble on every kind at once.
func (w *world) column(trouble trouble) {
	var attempts []*attempt
	for _, trial := range trials {
		if trouble.hang && (trial.mode.Graceful() || trial.home) || *only != "" && !slices.Contains(strings.Split(*only, ","), string(trial.kind)) {
			continue // a planned run needs both regions, and waits for them
		}
		attempts = append(attempts, w.attempt(trial, trouble))
	}
	before := w.inventory()
	if trouble.hang {
		w.Front.Strike(primary)
	}
	for _, a := range attempts {
		w.trip(a)
		w.start(a.plan, a.mode)
	}
	going := slices.Clone(attempts)
	w.until(6*time.Hour, "all runs are over", func(context.Context) bool {
		going = slices.DeleteFunc(going, w.attend)
		return len(going) == 0
	})
	if trouble.hang {
		w.Front.Heal(primary)
	}
	after := w.inventory()
	for _, a := range attempts {
		for _, idle := range w.Front.Forgive(names.Function(a.plan.Name, string(a.kind))) {
			w.t.Errorf("%s %s: no call met the trouble, %s of %s", a.kind, a.name, idle.Action, idle.Service)
		}
		w.judge(a)
		if a.lasts() { // the rest of what differs is a mistake
			for _, lines := range []inventory.Inventory{before, after} {
				for thing, line := range lines {
					if strings.Contains(thing+line, a.plan.Name) {
						delete(lines, thing)
					}
				}
			}
		}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		w.t.Errorf("AWS before and after (-before +after):\n%s", diff)
	}
}

// attempt deploys a plan of the step and the gate, on things of its own.
func (w *world) attempt(trial trial, trouble trouble) *attempt {
	w.t.Helper()
	p := &plan.Plan{
		Name:     fmt.Sprintf("%s-%s", trial.kind, trouble.short),
		Strategy: plan.BackupRestore, Primary: primary, Recovery: recovery,
		Objectives: plan.Objectives{RTO: plan.Duration(time.Hour), RPO: plan.Duration(time.Hour)},
		Detect:     plan.Detect{Mode: plan.Manual},
	}
	step := plan.Step{ID: tried, Kind: trial.kind, Timeout: plan.Duration(30 * time.Minute), OnFailure: plan.Pause}
	if trouble.short == "slow" {
		step.Timeout = plan.Duration(15 * time.Minute) // it is never done
	}
	step.Spec = trial.furnish(w, p)
	p.Recover = append(fencing(w, trial, p), step, plan.Step{ID: gate, Kind: plan.KindVerify, Timeout: plan.Duration(6 * time.Hour), OnFailure: plan.Pause, Spec: &plan.Verify{URL: "https://nowhere.example.com/"}})
	w.apply(p)
	return &attempt{trial: trial, trouble: trouble, plan: p, told: map[string]bool{}}
}

// fencing is what a planned run needs before it does anything else.
func fencing(w *world, t trial, p *plan.Plan) []plan.Step {
	if !t.mode.Graceful() || t.kind == plan.KindFence {
		return nil
	}
	return []plan.Step{{ID: "fence", Kind: plan.KindFence, Timeout: plan.Duration(time.Hour), OnFailure: plan.Pause, Spec: aSite(w, p)}}
}

// lasts says whether something of the step is there after the run.
func (a *attempt) lasts() bool { return a.stays != nil && a.stays(a.trouble) }

// trip makes the trouble happen, to the plan's own function alone.
func (w *world) trip(a *attempt) {
	if a.fault == nil || slices.Contains(a.own, a.short) {
		return
	}
	function := names.Function(a.plan.Name, string(a.kind))
	fault := a.fault(a.trial, func() { w.Host.Kill(function) })
	fault.Role = function
	w.Front.Inject(*fault)
}

// attend is a person who says abort to what is held and cancels the run at the gate,
// and says whether the run is over.
func (w *world) attend(a *attempt) bool {
	record := w.record(a.plan)
	if record.State.Phase == run.Over {
		return true
	}
	_, asked := record.First(gate, run.Begun)
	_, held := record.First(tried, run.Held)
	_, good := record.First(tried, run.Good)
	switch runID := record.State.Run; {
	case a.asks && good && !a.told[yes]:
		a.told[yes] = true
		w.say(a.plan, runID, tried, run.SayYes)
	case held && !a.told[tried]:
		a.told[tried] = true
		w.say(a.plan, runID, tried, run.SayAbort)
	case asked && !a.told[gate]:
		a.told[gate] = true
		w.say(a.plan, runID, run.Whole, run.SayAbort)
	}
	return false
}

// judge holds a run against the failure model.
func (w *world) judge(a *attempt) {
	w.t.Helper()
	record := w.record(a.plan)
	want := run.Aborted
	if a.lasts() {
		want = run.Dirty
	}
	closed, _ := record.First(run.Whole, run.Done)
	_, held := record.First(tried, run.Held)
	_, done := record.First(tried, run.Done)
	if record.State.End != want || held != a.held || done == a.held {
		w.t.Errorf("%s %s: ended %q (want %s), held %t (want %t), done %t: %s", a.kind, a.name, record.State.End, want, held, a.held, done, closed.Detail)
		for _, entry := range record.Entries {
			w.t.Logf("  %s %s %s %s", entry.At.Format(time.TimeOnly), entry.Step, entry.Event, entry.Detail)
		}
	}
}

func (w *world) inventory() inventory.Inventory {
	w.t.Helper()
	all, err := inventory.Read(w.t.Context(), w.Upstream(primary), w.Upstream(recovery))
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}
