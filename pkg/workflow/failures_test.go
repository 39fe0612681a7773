package workflow_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/internal/discrete"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// These tests play compiled machines in virtual time with the product's own
// handlers around a step kind that fails in every way that docs/failure-model.md
// names. What is modelled is the step, not what is done about it.

// fault is what goes wrong with a step.
type fault string

const (
	well            fault = "nothing"
	failsBefore     fault = "it fails before acting"
	failsAfter      fault = "it fails after acting"
	neverDone       fault = "it times out"
	crashesAfter    fault = "it crashes after acting"
	throttledOften  fault = "it is throttled"
	otherSideHangs  fault = "it sees the other region hang"
	undoFails       fault = "it fails, and cannot be taken back"
	undoCrashes     fault = "it fails, and crashes after being taken back"
	undoNeverEnds   fault = "it fails, and is never taken back"
	crashesForEver  fault = "it crashes at every look"
	notYetInEffect        = time.Minute // how long AWS takes for what a step makes
	repeatedTrouble       = 3           // looks that are throttled, crash or hang
	personAnswersIn       = 5 * time.Minute
)

var faults = []fault{well, failsBefore, failsAfter, neverDone, crashesAfter, throttledOften, otherSideHangs, undoFails, undoCrashes, undoNeverEnds, crashesForEver}

// fatal says whether the step ends in a hold rather than mending by itself.
func (f fault) fatal() bool {
	return !slices.Contains([]fault{well, crashesAfter, throttledOften, otherSideHangs}, f)
}

// waits is a step of the tests' kind.
func waits(id string, on plan.OnFailure) plan.Step {
	return plan.Step{ID: id, Kind: plan.KindVerify, Timeout: plan.Duration(20 * time.Minute), OnFailure: on, Spec: &plan.Verify{}}
}

// nested is a plan with the step that goes wrong at the top and, nested, in a branch
// beside others.
func nested(on plan.OnFailure) *plan.Plan {
	return &plan.Plan{Name: "p", Primary: "us-east-1", Recovery: "us-west-2", Notify: "oncall", Drill: &plan.Drill{}, Recover: []plan.Step{
		waits("first", on),
		{Parallel: [][]plan.Step{
			{waits("left", on), {Parallel: [][]plan.Step{{waits("deep", on)}, {waits("beside", on), waits("after", on)}}}},
			{waits("right", on)},
		}},
		waits("last", on),
	}}
}

func TestRun_endsAsTheFailureModelSays(t *testing.T) {
	for _, where := range []string{"first", "deep", "beside", "right", "last"} {
		for _, f := range faults {
			for _, on := range []plan.OnFailure{plan.Pause, plan.Abort, plan.Continue} {
				for _, says := range []run.Word{run.SayRetry, run.SaySkip, run.SayAbort} {
					if on != plan.Pause && says != run.SayAbort {
						continue // nobody is asked
					}
					t.Run(fmt.Sprintf("%s: %s, %s, %s", where, f, on, says), func(t *testing.T) {
						p := &play{t: t, plan: nested(on), faults: map[string]fault{where: f}, says: says}
						p.holds(where, f, on, p.end())
					})
				}
			}
		}
	}
}

// holds compares an outcome with docs/failure-model.md.
func (p *play) holds(where string, f fault, on plan.OnFailure, got discrete.Outcome) {
	p.t.Helper()
	want := run.Recovered
	stays := slices.Contains([]fault{undoFails, undoNeverEnds}, f)
	switch abort := on == plan.Abort || on == plan.Pause && p.says == run.SayAbort; {
	case !f.fatal() || !abort:
	case stays:
		want = run.Dirty
	default:
		want = run.Aborted
	}
	if got.End != string(want) {
		p.t.Fatalf("ended %s, want %s: %v\n%s", got.End, want, got.Failed, strings.Join(got.Path, " → "))
	}
	if state := p.book.Of("p"); state.End != want || state.Phase != run.Over {
		p.t.Errorf("the ledger says %s, %s", state.Phase, state.End)
	}
	held := slices.Contains(got.Path, where+" · hold")
	if held != f.fatal() {
		p.t.Errorf("the path holds: %t; want %t", held, f.fatal())
	}
	if asked := p.told > 0; asked != (held && on == plan.Pause) {
		p.t.Errorf("people were told %d times", p.told)
	}
	switch {
	case want == run.Aborted && len(p.made) > 0:
		p.t.Errorf("aborted, and there still is %v", p.made)
	case want == run.Dirty && (len(p.made) != 1 || p.made[where].IsZero()):
		p.t.Errorf("dirty, and there still is %v; want what %s made alone", p.made, where)
	case want == run.Recovered && p.says == run.SayRetry && len(p.made) != 7:
		p.t.Errorf("recovered, and there is only %v", p.made)
	}
	p.inReverse()
}

// inReverse holds that what was taken back was so in the reverse order of the
// journal's beginnings.
func (p *play) inReverse() {
	p.t.Helper()
	begun := map[string]int{}
	for i, entry := range p.book.Entries("p-1") {
		if _, ok := begun[entry.Step]; entry.Event == run.Begun && !ok {
			begun[entry.Step] = i
		}
	}
	if !slices.IsSortedFunc(p.back, func(a, b string) int { return cmp.Compare(begun[b], begun[a]) }) {
		p.t.Errorf("taken back in the order %v", p.back)
	}
}

func TestRun_takesADrillBackWhateverHappens(t *testing.T) {
	for _, f := range faults {
		t.Run(string(f), func(t *testing.T) {
			p := &play{t: t, plan: nested(plan.Pause), faults: map[string]fault{"beside": f}, says: run.SayAbort, mode: run.Drill}
			got, state := p.end(), run.State{}
			state = p.book.Of("p")
			if state.Posture != run.Standby {
				t.Errorf("the plan is %s after the drill", state.Posture)
			}
			stays := slices.Contains([]fault{undoFails, undoNeverEnds}, f)
			switch {
			case stays && (got.End != string(run.Dirty) || !slices.Contains(state.Drills, "p-1")):
				t.Errorf("ended %s with drills %v; want the reaper to know of it", got.End, state.Drills)
			case !stays && (len(p.made) > 0 || len(state.Drills) > 0):
				t.Errorf("left %v, drills %v", p.made, state.Drills)
			case !f.fatal() && got.End != string(run.Recovered):
				t.Errorf("ended %s: %v", got.End, got.Failed)
			case f.fatal() && !stays && got.End != string(run.Aborted):
				t.Errorf("ended %s: %v", got.End, got.Failed)
			}
		})
	}
}

// Whatever goes wrong, with functions that crash at random after they acted, the
// ledger and the machine agree, Recovered is never false, and Aborted leaves nothing.
func TestRun_neverClaimsWhatIsNotSo(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := &play{
			t: t, plan: nested([]plan.OnFailure{plan.Pause, plan.Abort, plan.Continue}[r.IntN(3)]),
			faults: map[string]fault{}, says: []run.Word{run.SayRetry, run.SaySkip, run.SayAbort}[r.IntN(3)],
			mode:  []run.Mode{run.Unplanned, run.Drill}[r.IntN(2)],
			shake: func(string) bool { return r.IntN(20) == 0 },
		}
		for s := range p.plan.Steps() {
			if r.IntN(3) == 0 {
				p.faults[s.ID] = faults[r.IntN(len(faults))]
			}
		}
		got, state := p.end(), run.State{}
		state = p.book.Of("p")
		if string(state.End) != got.End || state.Phase != run.Over {
			t.Fatalf("seed %d: the machine ended %q, the ledger says %s, %s", seed, got.End, state.Phase, state.End)
		}
		p.inReverse()
		switch {
		case state.End == run.Aborted && len(p.made) > 0, state.End == run.Recovered && p.mode == run.Drill && len(p.made) > 0:
			t.Errorf("seed %d: %s, and there still is %v", seed, state.End, p.made)
		case state.End == run.Recovered && p.mode != run.Drill:
			p.allPassed(seed)
		}
	}
}

// allPassed holds that every step of a recovered run made its thing, or was skipped
// in as many words.
func (p *play) allPassed(seed uint64) {
	record, err := p.book.Open(p.t.Context(), "p", "p-1")
	if err != nil {
		p.t.Fatal(err)
	}
	for s := range p.plan.Steps() {
		_, skipped := record.First(s.ID, run.Skipped)
		if _, made := p.made[s.ID]; !made && !skipped {
			p.t.Errorf("seed %d: recovered without step %s", seed, s.ID)
		}
	}
}
