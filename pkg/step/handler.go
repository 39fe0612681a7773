package step

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Journal is the part of the ledger that a step needs.
type Journal interface {
	// Open reads the plan's state with the run's journal and pins, at AWS's time.
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	// Note writes an entry once. An entry that is there already stays as it is,
	// and that is no error.
	Note(ctx context.Context, plan string, entry run.Entry) error
	// Ready writes what a check found, over what was there.
	Ready(ctx context.Context, plan string, ready run.Readiness) error
}

// Permanent makes an error that no retry mends: the run stops.
func Permanent(format string, args ...any) error { return failure.Permanentf(format, args...) }

// Handler is a step kind as a Lambda handler; in makes the kind for the region that
// the step acts in. What time may mend becomes a WAIT answer, so that only a
// permanent failure, or the step's own timeout, leaves the loop in the machine.
func Handler[Spec any, K Kind[Spec]](journal Journal, in func(region string) K) func(context.Context, json.RawMessage) (Answer, error) {
	return func(ctx context.Context, payload json.RawMessage) (Answer, error) {
		request, err := decode[Spec](payload)
		if err != nil {
			return Answer{}, err
		}
		h := handling[Spec]{journal, in(request.Recovery), request, payload}
		if request.Op == Check {
			return h.check(ctx)
		}
		record, err := journal.Open(ctx, request.Plan, request.Run)
		if err != nil {
			return Answer{}, err
		}
		if request.Op == Undo {
			return h.undo(ctx, record)
		}
		return h.advance(ctx, record)
	}
}

// handling is one invocation.
type handling[Spec any] struct {
	journal Journal
	kind    Kind[Spec]
	request Request[Spec]
	payload json.RawMessage
}

// function stands for the name of the step's function in what an input error says:
// the handler of every kind is the same.
const function = "<step-kind>"

func decode[Spec any](payload []byte) (Request[Spec], error) {
	var request Request[Spec]
	if err := input.Decode(function, payload, &request); err != nil {
		return request, err
	}
	needed := []input.Field{
		{Name: "plan", Value: request.Plan}, {Name: "step", Value: request.Step},
		{Name: "recovery", Value: request.Recovery}, {Name: "run", Value: request.Run},
	}
	switch request.Op {
	case Advance, Undo:
	case Check:
		needed = needed[:3]
	default:
		return request, failure.BadInputf("%q is no operation of a step: write \"op\": %q, %q or %q", request.Op, Advance, Undo, Check)
	}
	return request, input.Need(function, needed...)
}

// about is what the kind may know.
func (h handling[Spec]) about(record run.Record, begun run.Entry) (Run, error) {
	r := Run{
		Plan:     h.request.Plan,
		ID:       h.request.Run,
		Mode:     begun.Mode,
		Step:     h.request.Step,
		Attempt:  begun.Attempt,
		Primary:  h.request.Primary,
		Recovery: h.request.Recovery,
		Now:      record.Now,
		Began:    begun.At,
		Good:     record.GoodSince(h.request.Step),
		Pins:     record.Pins,
		Outputs:  record.Outputs(),
		Answers:  record.Answers,
		Fenced:   record.Fenced(),
		Notify:   h.request.Notify,
	}
	if begun.Mode == run.Drill {
		r.Drill = h.request.Drill
	}
	if record.State.Run != h.request.Run {
		return r, nil // of a drill that was interrupted, without the lock's epoch
	}
	given, err := record.State.Given()
	if err != nil {
		return r, failure.Permanentf("the input of run %s in the ledger is not JSON: %v", record.State.Run, err)
	}
	r.Epoch, r.AsOf = record.State.Epoch, given.AsOf
	return r, nil
}

func (h handling[Spec]) note(ctx context.Context, event run.Event, attempt int, at time.Time, progress Progress) error {
	entry := run.Entry{Run: h.request.Run, Step: h.request.Step, Event: event, Attempt: attempt, At: at, Detail: progress.Detail}
	if event == run.Done {
		entry.Outputs = progress.Outputs
	}
	return h.journal.Note(ctx, h.request.Plan, entry)
}
