// Package closing ends a run: it says what has to be taken back first, step by
// step and newest first, then which of the three ends the run came to, and moves
// the plan's posture there. It never claims Recovered for a run with a step that
// began and did not finish, nor Aborted for one that left something.
package closing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/reserve"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Request is close-run's input. Failure is what the machine caught; nil when
// every step is over, or one was just taken back. Taking is the request that the
// failure is of, while a step was taken back.
type Request struct {
	Plan    string          `json:"plan"`
	Run     string          `json:"run"`
	Steps   []string        `json:"steps"` // all of the course's
	Failure *failure.Caught `json:"failure,omitempty"`
	Taking  *Taking         `json:"taking,omitempty"`
}

// Taking is what closing needs of a step's request.
type Taking struct {
	Step string `json:"step"`
}

// UnmarshalJSON takes the step and leaves the rest, which is the step's own.
func (t *Taking) UnmarshalJSON(raw []byte) error {
	var request struct{ Step string }
	err := json.Unmarshal(raw, &request)
	t.Step = request.Step
	return err
}

// Answer is what the machine branches on: an end, or the kind of the step that is
// taken back next, with the request for it.
type Answer struct {
	Status      string          `json:"status"`
	WaitSeconds int             `json:"waitSeconds"` // always 0: every answer to the machine has it
	Detail      string          `json:"detail"`
	Request     json.RawMessage `json:"request"` // null with an end
}

// Ledger is what closing needs of the plan's ledger.
type Ledger interface {
	reserve.Ledger
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Note(ctx context.Context, plan string, entry run.Entry) error
}

const function = "close-run"

// Handler is close-run. Asked again, it answers what is recorded.
func Handler(ledger Ledger) func(context.Context, json.RawMessage) (Answer, error) {
	return func(ctx context.Context, raw json.RawMessage) (Answer, error) {
		request, err := decode(raw)
		if err != nil {
			return Answer{}, err
		}
		record, err := ledger.Open(ctx, request.Plan, request.Run)
		if err != nil {
			return Answer{}, err
		}
		if record.State.Run == request.Run && record.State.Phase == run.Over {
			return Answer{Status: string(record.State.End), Detail: "closed before"}, reserve.Release(ctx, ledger, request.Plan)
		}
		if err := record.State.Holds(request.Run); err != nil {
			return Answer{}, err
		}
		if err := complete(record, request); err != nil {
			return Answer{}, err
		}
		if record, err = stop(ctx, ledger, record, request); err != nil {
			return Answer{}, err
		}
		if next, ok := Next(record); ok {
			return takeBack(next)
		}
		return end(ctx, ledger, record, request)
	}
}

// complete refuses to close a run as a success while a step of the plan is not
// over: an input that was sent too early must not end a run that goes on.
func complete(record run.Record, request Request) error {
	if _, stopped := record.Stopped(); stopped || request.Failure != nil {
		return nil
	}
	var open []string
	for _, step := range request.Steps {
		if !record.Passed(step) {
			open = append(open, step)
		}
	}
	if len(open) > 0 {
		return failure.Permanentf("run %s goes on: %s not done; nothing was closed", request.Run, strings.Join(open, ", "))
	}
	return nil
}

// stop notes what becomes of the run, once, and what could not be taken back. It
// reads the journal after that, so that it knows of every step that began.
func stop(ctx context.Context, ledger Ledger, record run.Record, request Request) (run.Record, error) {
	entry, ok := stopping(record, request)
	if !ok {
		return record, nil
	}
	if err := ledger.Note(ctx, request.Plan, entry); err != nil {
		return record, err
	}
	return ledger.Open(ctx, request.Plan, request.Run)
}

// stopping is the entry that stops the run, if it is to be stopped. It is taken back
// when a person or the plan aborted it, and at the end of a drill. Any other failure
// leaves everything as it is for a person, who knows more. A failure while a step is
// taken back is that step's.
func stopping(record run.Record, request Request) (run.Entry, bool) {
	entry := run.Entry{Run: request.Run, Step: run.Whole, Event: run.Undoing, At: record.Now}
	_, stopped := record.Stopped()
	cancelled, cancels := record.Cancelled()
	drill := record.State.Mode == run.Drill
	switch {
	case stopped && request.Failure != nil && request.Taking != nil:
		entry.Step, entry.Event = request.Taking.Step, run.Left
		entry.Detail = "step " + entry.Step + " could not be taken back: " + request.Failure.Reason()
	case stopped:
		return entry, false
	case request.Failure != nil:
		entry.Detail = request.Failure.Reason()
		if !request.Failure.Is(failure.Abort) && !cancels && !drill {
			entry.Event = run.Failed
		}
	case cancels:
		entry.Detail = "the run was cancelled by " + cancelled.By + ": " + cancelled.Reason
	case drill:
		entry.Detail = drillOver
	default:
		return entry, false
	}
	return entry, true
}

// Next is the step that is taken back next: the newest that is not, of a run that
// is taken back.
func Next(record run.Record) (run.Entry, bool) {
	if stopped, ok := record.Stopped(); !ok || stopped.Event != run.Undoing {
		return run.Entry{}, false
	}
	open := record.Unsettled()
	if len(open) == 0 {
		return run.Entry{}, false
	}
	return open[0], true
}

// takeBack is the request that the step was begun with, for its Undo.
func takeBack(next run.Entry) (Answer, error) {
	request, err := step.Undoing(next)
	return Answer{Status: string(next.Kind), Detail: "take back " + next.Step, Request: request}, err
}

func end(ctx context.Context, ledger Ledger, record run.Record, request Request) (Answer, error) {
	end, detail := Judge(record)
	closed, err := record.State.Closed(end, record.Now)
	if err != nil {
		return Answer{}, err
	}
	entry := run.Entry{Run: request.Run, Step: run.Whole, Event: run.Done, At: record.Now, Detail: string(end) + ": " + detail}
	if err := ledger.Note(ctx, request.Plan, entry); err != nil {
		return Answer{}, err
	}
	if err := ledger.Swap(ctx, record.State, closed); err != nil {
		return Answer{}, fmt.Errorf("close run %s: %w", request.Run, err)
	}
	slog.InfoContext(ctx, "run closed", "plan", request.Plan, "run", request.Run, "end", end, "reason", detail)
	return Answer{Status: string(end), Detail: detail}, reserve.Release(ctx, ledger, request.Plan)
}

func decode(raw []byte) (Request, error) {
	var request Request
	if err := input.Decode(function, raw, &request); err != nil {
		return request, err
	}
	if err := input.Need(function, input.Field{Name: "plan", Value: request.Plan}, input.Field{Name: "run", Value: request.Run}); err != nil {
		return request, err
	}
	if len(request.Steps) == 0 {
		return request, failure.BadInputf("an input of %s needs \"steps\", all of the plan's; send one as in events/%s", function, function)
	}
	return request, nil
}
