package simulated

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// The regions of a trial's run.
const (
	Home = "us-east-1"
	Away = "us-west-2"
)

// Trial is an AWS of its own, a run in it, and one step of that run. It does what
// the state machine does: it looks until the step is done, each time with a new
// process, which may die.
type Trial[Spec any] struct {
	T      testing.TB
	AWS    *AWS
	Front  *front.Front
	Caller *Caller
	Run    step.Run
	Spec   Spec
	Looks  int // how often each state is looked at

	make func(aws.Config) step.Kind[Spec]
}

// NewTrial is of an unplanned run from Home to Away.
func NewTrial[Spec any](t testing.TB, kind func(aws.Config) step.Kind[Spec], id string) *Trial[Spec] {
	t.Helper()
	a, f := Fresh(t)
	w := &Trial[Spec]{T: t, AWS: a, Front: f, Caller: &Caller{}, Looks: 1, make: kind}
	w.Run = step.Run{Plan: "storefront", ID: "storefront-1", Step: id, Mode: run.Unplanned, Primary: Home, Recovery: Away, Began: w.Now()}
	return w
}

// Now is what the ledger would say.
func (w *Trial[Spec]) Now() time.Time { return w.AWS.Clock.Now().UTC().Truncate(time.Second) }

// Pass lets time pass in AWS.
func (w *Trial[Spec]) Pass(d time.Duration) {
	w.T.Helper()
	if err := w.AWS.Clock.Jump(d); err != nil {
		w.T.Fatal(err)
	}
}

// Team reaches AWS past the front, as somebody else.
func (w *Trial[Spec]) Team(region string) aws.Config { return w.AWS.Config(region) }

// Kind is the step kind in a new process.
func (w *Trial[Spec]) Kind() step.Kind[Spec] {
	return w.make(w.Caller.Config(w.AWS, w.Front, w.Run.Recovery))
}

// Advance and Undo are the operations that Settle takes.
func (w *Trial[Spec]) Advance() (step.Progress, error) {
	w.Run.Now = w.Now()
	return w.Kind().Advance(w.T.Context(), w.Run, w.Spec)
}

// Undo takes the step back. See Advance.
func (w *Trial[Spec]) Undo() (step.Progress, error) {
	w.Run.Now = w.Now()
	return w.Kind().Undo(w.T.Context(), w.Run, w.Spec)
}

// Check is what the step finds wrong.
func (w *Trial[Spec]) Check() []string {
	w.T.Helper()
	w.Run.Now = w.Now()
	problems, err := w.Kind().Check(w.T.Context(), w.Run, w.Spec)
	if err != nil {
		w.T.Fatal(err)
	}
	return problems
}

// most is how many looks a trial has patience for: a minute each.
const most = 150

// Settle looks until op is done. A look that dies is followed by another.
func (w *Trial[Spec]) Settle(op func() (step.Progress, error)) step.Progress {
	w.T.Helper()
	for range most {
		var progress step.Progress
		for range w.Looks {
			var err error
			if progress, err = op(); err != nil && !errors.Is(err, ErrCrash) {
				w.T.Fatal(err)
			}
		}
		if progress.Done {
			return progress
		}
		w.Pass(time.Minute)
	}
	w.T.Fatalf("not done after %d looks; changes: %v", most, w.Caller.Changes)
	return step.Progress{}
}

// StopAt advances until the change of a number was made, and dies there for good.
func (w *Trial[Spec]) StopAt(change int) {
	w.T.Helper()
	w.Caller.CrashAt = change
	for range most {
		if len(w.Caller.Changes) >= change {
			w.Caller.CrashAt = 0
			return
		}
		if _, err := w.Advance(); err != nil && !errors.Is(err, ErrCrash) {
			w.T.Fatal(err)
		} else if err == nil {
			w.Pass(time.Minute)
		}
	}
	w.T.Fatalf("no change %d in %d looks: %v", change, most, w.Caller.Changes)
}
