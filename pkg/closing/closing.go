// Package closing ends a run: it says which of the three ends it came to and
// moves the plan's posture there. It never claims Recovered for a run with a
// step that began and did not finish, nor Aborted for one that may have changed
// something.
package closing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Request is close-run's input. Failure is what the machine caught; nil when
// every step is done.
type Request struct {
	Plan    string   `json:"plan"`
	Run     string   `json:"run"`
	Steps   []string `json:"steps,omitempty"` // all of the plan's; needed without Failure
	Failure *Failure `json:"failure,omitempty"`
}

// Failure is Step Functions' error output.
type Failure struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// Answer is what the machine branches on.
type Answer struct {
	Status      run.End `json:"status"`
	WaitSeconds int     `json:"waitSeconds"` // always 0: every answer to the machine has it
	Detail      string  `json:"detail"`
}

// Ledger is what closing needs of the plan's ledger.
type Ledger interface {
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Swap(ctx context.Context, was, next run.State) error
	Note(ctx context.Context, plan string, entry run.Entry) error
}

const function = "close-run"

// Step under which the run's own entries are journalled.
const Step = "run"

// Handler is close-run. Asked again, it answers the end that is recorded.
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
			return Answer{Status: record.State.End, Detail: "closed before"}, nil
		}
		if err := record.State.Holds(request.Run); err != nil {
			return Answer{}, err
		}
		if err := complete(record, request); err != nil {
			return Answer{}, err
		}
		end, detail := Judge(record, request.Failure)
		closed, err := record.State.Closed(end, record.Now)
		if err != nil {
			return Answer{}, err
		}
		entry := run.Entry{Run: request.Run, Step: Step, Event: run.Done, At: record.Now, Detail: string(end) + ": " + detail}
		if err := ledger.Note(ctx, request.Plan, entry); err != nil {
			return Answer{}, err
		}
		if err := ledger.Swap(ctx, record.State, closed); err != nil {
			return Answer{}, fmt.Errorf("close run %s: %w", request.Run, err)
		}
		slog.InfoContext(ctx, "run closed", "plan", request.Plan, "run", request.Run, "end", end, "reason", detail)
		return Answer{Status: end, Detail: detail}, nil
	}
}

// complete refuses to close a run as a success while a step of the plan is not
// done: an input that was sent too early must not end a run that goes on.
func complete(record run.Record, request Request) error {
	if request.Failure != nil {
		return nil
	}
	var open []string
	for _, step := range request.Steps {
		if _, done := record.Find(step, run.Done); !done {
			open = append(open, step)
		}
	}
	if len(open) > 0 {
		return failure.Permanentf("run %s goes on: %s not done; nothing was closed", request.Run, strings.Join(open, ", "))
	}
	return nil
}

// Judge says how a run ended and why, from its journal alone.
func Judge(record run.Record, failed *Failure) (run.End, string) {
	unfinished := unfinished(record)
	switch {
	case failed == nil && !record.Acted():
		return run.Aborted, "no step was begun"
	case failed == nil && len(unfinished) == 0:
		return run.Recovered, "every step is done"
	case failed == nil:
		return run.Dirty, "begun and not done: " + strings.Join(unfinished, ", ")
	case !record.Acted():
		return run.Aborted, "nothing was changed: " + failed.reason()
	}
	detail := failed.reason()
	if len(unfinished) > 0 {
		detail += "; begun and not done: " + strings.Join(unfinished, ", ")
	}
	return run.Dirty, detail
}

func unfinished(record run.Record) []string {
	var steps []string
	for _, entry := range record.Entries {
		if entry.Event != run.Begun {
			continue
		}
		if _, done := record.Find(entry.Step, run.Done); !done {
			steps = append(steps, entry.Step)
		}
	}
	return steps
}

// reason is the function's own message where the cause holds one: Lambda's
// errors arrive as JSON in Cause.
func (f Failure) reason() string {
	var cause struct {
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal([]byte(f.Cause), &cause); err == nil && cause.Message != "" {
		return cause.Message
	}
	return strings.TrimSuffix(f.Error+": "+f.Cause, ": ")
}

func decode(raw []byte) (Request, error) {
	var request Request
	if err := input.Decode(function, raw, &request); err != nil {
		return request, err
	}
	if err := input.Need(function, input.Field{Name: "plan", Value: request.Plan}, input.Field{Name: "run", Value: request.Run}); err != nil {
		return request, err
	}
	if request.Failure == nil && len(request.Steps) == 0 {
		return request, failure.BadInputf("an input of %s without \"failure\" needs \"steps\", all of the plan's; send one as in events/%s", function, function)
	}
	return request, nil
}
