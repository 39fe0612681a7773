package workflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/internal/discrete"
	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/closing"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/holding"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/opening"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// play is one execution of a plan whose steps go wrong as they are told.
type play struct {
	t      *testing.T
	plan   *plan.Plan
	book   *ledgertest.Ledger
	faults map[string]fault // of a step's first attempt; later ones go well
	says   run.Word         // to whatever is held
	mode   run.Mode
	shake  func(function string) bool // whether an invocation of any function crashes after it acted; nil: none

	made    map[string]time.Time // what the steps made and was not taken back
	back    []string             // in which order things were taken back
	trouble map[string]int
	crash   bool
	told    int // messages to people
}

func (p *play) Check(context.Context, step.Run, plan.Verify) ([]string, error) { return nil, nil }

func (p *play) Advance(_ context.Context, r step.Run, _ plan.Verify) (step.Progress, error) {
	f := p.faults[r.Step]
	if r.Attempt > 0 {
		f = well
	}
	p.trouble[r.Step]++
	switch {
	case f == failsBefore:
		return step.Progress{}, step.Permanent("AWS says no")
	case f == throttledOften && p.trouble[r.Step] <= repeatedTrouble:
		return step.Progress{}, errors.New("RequestLimitExceeded")
	case f == otherSideHangs && p.trouble[r.Step] <= repeatedTrouble:
		return step.Progress{}, context.DeadlineExceeded
	}
	if _, ok := p.made[r.Step]; !ok {
		p.made[r.Step] = r.Now
		p.crash = f == crashesAfter
	}
	switch f {
	case failsAfter, undoFails, undoCrashes, undoNeverEnds:
		return step.Progress{}, step.Permanent("it broke half-way")
	case crashesForEver:
		p.crash = true
	}
	return step.Progress{Done: f != neverDone && r.Now.Sub(p.made[r.Step]) >= notYetInEffect, Detail: "under way"}, nil
}

func (p *play) Undo(_ context.Context, r step.Run, _ plan.Verify) (step.Progress, error) {
	switch p.faults[r.Step] {
	case undoFails:
		return step.Progress{}, step.Permanent("it cannot be taken back: mend it by hand")
	case undoNeverEnds:
		return step.Pending("still there"), nil
	case undoCrashes:
		p.crash = p.trouble["undo "+r.Step] < repeatedTrouble
		p.trouble["undo "+r.Step]++
	}
	if _, ok := p.made[r.Step]; ok {
		delete(p.made, r.Step)
		p.back = append(p.back, r.Step)
	}
	return step.Nothing("gone"), nil
}

// Tell counts messages to people.
func (p *play) Tell(context.Context, string, string, string) error {
	p.told++
	return nil
}

// Read finds every alarm quiet.
func (p *play) Read(_ context.Context, alarms []plan.Alarm) ([]decide.Sight, error) {
	var sights []decide.Sight
	for _, alarm := range alarms {
		sights = append(sights, decide.Sight{Alarm: alarm, State: decide.OK})
	}
	return sights, nil
}

var night = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// end plays the execution and answers for a person in its holds.
func (p *play) end() discrete.Outcome {
	p.t.Helper()
	p.made, p.trouble = map[string]time.Time{}, map[string]int{}
	p.book = ledgertest.New(night)
	state, err := run.New(p.plan.Name).Start(run.Order{Reason: "a test", Mode: p.mode}, night)
	if err != nil {
		p.t.Fatal(err)
	}
	p.book.Set(state)
	definition, err := workflow.Compile(p.plan, plan.CourseRecover)
	if err != nil {
		p.t.Fatal(err)
	}
	machine, err := discrete.Parse(definition)
	if err != nil {
		p.t.Fatal(err)
	}
	outcome, err := machine.RunWith(state.Run, night, p.invoke, p.answer)
	if err != nil {
		p.t.Fatal(err)
	}
	return outcome
}

func (p *play) invoke(name string, payload []byte, at time.Time) ([]byte, *failure.Caught, time.Duration) {
	p.book.At(at)
	p.crash = false
	raw, err := p.handle(name, payload)
	if p.crash || p.shake != nil && p.shake(name) {
		return nil, &failure.Caught{Error: "Runtime.ExitError"}, time.Second
	}
	if err != nil {
		return nil, &failure.Caught{Error: string(failure.ClassOf(err)), Cause: err.Error()}, time.Second
	}
	return raw, nil, time.Second
}

func (p *play) handle(name string, payload []byte) ([]byte, error) {
	ctx := context.Background()
	var answer any
	var err error
	switch name {
	case "OpenRun":
		answer, err = opening.Handler(p.book, nil, p)(ctx, payload)
	case "HoldStep":
		answer, err = holding.Handler(p.book, p)(ctx, payload)
	case "CloseRun":
		answer, err = closing.Handler(p.book)(ctx, payload)
	default:
		answer, err = step.Handler(p.book, func(string) *play { return p })(ctx, payload)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// answer is a person who answers every hold after a while.
func (p *play) answer(now time.Time) {
	runID := run.Name(p.plan.Name, 1)
	p.book.At(now)
	for _, entry := range p.book.Entries(runID) {
		if entry.Event != run.Held || now.Sub(entry.At) < personAnswersIn {
			continue
		}
		raw, err := json.Marshal(answering.Request{Plan: p.plan.Name, Run: runID, Step: entry.Step, Word: p.says, By: "a test"})
		if err != nil {
			p.t.Fatal(err)
		}
		if _, err := answering.Handler(p.book)(p.t.Context(), raw); err != nil && failure.ClassOf(err) != failure.BadInput && failure.ClassOf(err) != failure.RunOver {
			p.t.Fatal(err)
		}
	}
}
