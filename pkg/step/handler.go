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
}

// Permanent makes an error that no retry mends: the run stops.
func Permanent(format string, args ...any) error { return failure.Permanentf(format, args...) }

// Handler is a step kind as a Lambda handler. What time may mend becomes a WAIT
// answer, so that only a permanent failure, or the step's own timeout, leaves
// the loop in the machine.
func Handler[Spec any](journal Journal, kind Kind[Spec]) func(context.Context, json.RawMessage) (Answer, error) {
	return func(ctx context.Context, payload json.RawMessage) (Answer, error) {
		return handle(ctx, journal, kind, payload)
	}
}

func handle[Spec any](ctx context.Context, journal Journal, kind Kind[Spec], payload []byte) (Answer, error) {
	request, err := decode[Spec](payload)
	if err != nil {
		return Answer{}, err
	}
	record, err := journal.Open(ctx, request.Plan, request.Run)
	if err != nil {
		return Answer{}, err
	}
	if err := record.State.Holds(request.Run); err != nil {
		return Answer{}, err
	}
	begun, ok := record.Find(request.Step, run.Begun)
	if !ok {
		begun = run.Entry{Run: request.Run, Step: request.Step, Event: run.Begun, At: record.Now}
		if err := journal.Note(ctx, request.Plan, begun); err != nil {
			return Answer{}, err
		}
	}
	progress, err := kind.Advance(ctx, about(request, record, begun), request.Spec)
	if err != nil {
		progress = Progress{Detail: err.Error()}
		if class := failure.ClassOf(err); class != failure.TryAgain {
			return Answer{}, note(ctx, journal, request.Plan, request.entry(run.Failed, record.Now, progress), err)
		}
	}
	return settle(ctx, journal, request, record, begun, progress)
}

// settle journals what the look found and turns it into the machine's answer.
func settle[Spec any](ctx context.Context, journal Journal, request Request[Spec], record run.Record, begun run.Entry, progress Progress) (Answer, error) {
	if since := record.GoodSince(request.Step); progress.Good == since.IsZero() && !progress.Done {
		event := run.Missed
		if progress.Good {
			event = run.Good
		}
		if err := journal.Note(ctx, request.Plan, request.entry(event, record.Now, progress)); err != nil {
			return Answer{}, err
		}
	}
	if progress.Done {
		if _, ok := record.Find(request.Step, run.Done); !ok {
			if err := journal.Note(ctx, request.Plan, request.entry(run.Done, record.Now, progress)); err != nil {
				return Answer{}, err
			}
		}
		return Answer{Status: StatusDone, Detail: progress.Detail}, nil
	}
	age := record.Now.Sub(begun.At)
	if limit := request.Timeout.D(); limit > 0 && age > limit {
		err := failure.Permanentf("step %s is not done after its timeout of %s: %s", request.Step, request.Timeout, progress.Detail)
		progress.Detail = err.Error()
		return Answer{}, note(ctx, journal, request.Plan, request.entry(run.Failed, record.Now, progress), err)
	}
	return Answer{Status: StatusWait, WaitSeconds: wait(age), Detail: progress.Detail}, nil
}

func note(ctx context.Context, journal Journal, plan string, entry run.Entry, cause error) error {
	if err := journal.Note(ctx, plan, entry); err != nil {
		return err
	}
	return cause
}

// function stands for the name of the step's function in what an input error says:
// the handler of every kind is the same.
const function = "<step-kind>"

func decode[Spec any](payload []byte) (Request[Spec], error) {
	var request Request[Spec]
	if err := input.Decode(function, payload, &request); err != nil {
		return request, err
	}
	return request, input.Need(function,
		input.Field{Name: "plan", Value: request.Plan}, input.Field{Name: "run", Value: request.Run},
		input.Field{Name: "step", Value: request.Step}, input.Field{Name: "recovery", Value: request.Recovery})
}

func about[Spec any](request Request[Spec], record run.Record, begun run.Entry) Run {
	return Run{
		Plan:     request.Plan,
		ID:       request.Run,
		Epoch:    record.State.Epoch,
		Step:     request.Step,
		Primary:  request.Primary,
		Recovery: request.Recovery,
		Now:      record.Now,
		Began:    begun.At,
		Good:     record.GoodSince(request.Step),
		Pins:     record.Pins,
		Outputs:  record.Outputs(),
	}
}

func (r Request[Spec]) entry(event run.Event, at time.Time, progress Progress) run.Entry {
	entry := run.Entry{Run: r.Run, Step: r.Step, Event: event, At: at, Detail: progress.Detail}
	if event == run.Done {
		entry.Outputs = progress.Outputs
	}
	return entry
}

// wait is how long to wait before the next look, in seconds: a tenth of the
// step's age, so that a step is noticed as done at most 10 % late, but never
// under 5 s (AWS's own states change no faster) or over a minute.
func wait(age time.Duration) int {
	return int(min(max(age/10, 5*time.Second), time.Minute) / time.Second)
}
