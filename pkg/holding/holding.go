// Package holding is what becomes of a step that failed for good: hold-step notes
// it, tells a person, and has the machine wait until somebody has said retry, skip
// or abort; or it does at once what the plan says.
//
// A person's answer is read from the ledger: there are no task tokens. It never
// decides anything that neither the plan nor a person has said.
package holding

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Request is hold-step's input.
type Request struct {
	Plan      string         `json:"plan"`
	Run       string         `json:"run"`
	Step      string         `json:"step"`
	OnFailure plan.OnFailure `json:"on-failure"`
	Notify    string         `json:"notify,omitempty"` // SNS topic of the recovery region; empty: nobody is told
	Failure   failure.Caught `json:"failure"`
}

// Ledger is what holding needs of the plan's ledger.
type Ledger interface {
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Note(ctx context.Context, plan string, entry run.Entry) error
}

// Teller tells people.
type Teller interface {
	// Tell sends a message to a topic. Two calls send two messages.
	Tell(ctx context.Context, topic, subject, text string) error
}

const function = "hold-step"

// Handler is hold-step. It answers DONE when the run goes on without the step,
// WAIT when the step is tried again, HOLD while nobody has answered, and the error
// Abort when the run ends here.
func Handler(ledger Ledger, teller Teller) func(context.Context, json.RawMessage) (step.Answer, error) {
	return func(ctx context.Context, raw json.RawMessage) (step.Answer, error) {
		var request Request
		if err := input.Decode(function, raw, &request); err != nil {
			return step.Answer{}, err
		}
		if err := input.Need(function, input.Field{Name: "plan", Value: request.Plan}, input.Field{Name: "run", Value: request.Run},
			input.Field{Name: "step", Value: request.Step}, input.Field{Name: "on-failure", Value: string(request.OnFailure)}); err != nil {
			return step.Answer{}, err
		}
		record, err := ledger.Open(ctx, request.Plan, request.Run)
		if err != nil {
			return step.Answer{}, err
		}
		if err := record.State.Holds(request.Run); err != nil {
			return step.Answer{}, err
		}
		return hold{ledger, teller, request, record}.decide(ctx)
	}
}

type hold struct {
	Ledger
	teller  Teller
	request Request
	record  run.Record
}

func (h hold) decide(ctx context.Context) (step.Answer, error) {
	reason := h.request.Failure.Reason()
	if answer, cancelled := h.record.Cancelled(); cancelled {
		return step.Answer{}, abort("the run was cancelled by %s: %s", answer.By, answer.Reason)
	}
	attempt := h.record.Attempt(h.request.Step)
	if h.waiting(attempt) { // the answer to an earlier hold is on its way to the step
		return step.Answer{Status: step.StatusWait, Detail: "trying again"}, h.note(ctx, run.Retried, attempt, "")
	}
	if err := h.note(ctx, run.Failed, attempt, reason); err != nil {
		return step.Answer{}, err
	}
	switch h.request.OnFailure {
	case plan.Abort:
		return step.Answer{}, abort("step %s failed, and the plan says abort: %s", h.request.Step, reason)
	case plan.Continue:
		return step.Answer{Status: step.StatusDone, Detail: "the plan goes on without it: " + reason}, h.note(ctx, run.Skipped, attempt, "the plan says continue: "+reason)
	}
	if err := h.ask(ctx, attempt, reason); err != nil {
		return step.Answer{}, err
	}
	return h.answer(ctx, attempt, reason)
}

// waiting says whether retry was said and the machine has not been told yet.
func (h hold) waiting(attempt int) bool {
	if attempt == 0 {
		return false
	}
	_, begun := h.record.FindAttempt(h.request.Step, run.Begun, attempt)
	_, retried := h.record.FindAttempt(h.request.Step, run.Retried, attempt)
	return !begun && !retried
}

// ask tells a person, once an attempt but for a crash between the message and its
// entry: two messages are better than none. Who has answered already is not asked:
// a no to a step that asks is why it failed.
func (h hold) ask(ctx context.Context, attempt int, reason string) error {
	_, asked := h.record.FindAttempt(h.request.Step, run.Held, attempt)
	if _, answered := h.record.Answer(h.request.Step, attempt); asked || answered {
		return nil
	}
	if h.request.Notify != "" {
		subject := fmt.Sprintf("Pilotlight: run %s is held at %s", h.request.Run, h.request.Step)
		if err := h.teller.Tell(ctx, h.request.Notify, subject, h.text(attempt, reason)); err != nil {
			return err
		}
	}
	slog.WarnContext(ctx, "step held", "plan", h.request.Plan, "run", h.request.Run, "step", h.request.Step, "attempt", attempt, "reason", reason)
	return h.note(ctx, run.Held, attempt, reason)
}

func (h hold) text(attempt int, reason string) string {
	return fmt.Sprintf(`Step %s of run %s (plan %s) failed for good and waits for you.

%s

Answer with one of
  pilotlight answer %[3]s %[2]s %[1]s retry
  pilotlight answer %[3]s %[2]s %[1]s skip     the run goes on without the step
  pilotlight answer %[3]s %[2]s %[1]s abort    what the run made is taken back

This was attempt %[5]d.
`, h.request.Step, h.request.Run, h.request.Plan, reason, attempt+1)
}

// answer does what the person said to this attempt.
func (h hold) answer(ctx context.Context, attempt int, reason string) (step.Answer, error) {
	said, ok := h.record.Answer(h.request.Step, attempt)
	_, retried := h.record.FindAttempt(h.request.Step, run.Retried, attempt)
	switch {
	case !ok:
		return step.Answer{Status: step.StatusHold, WaitSeconds: wait(h.since(attempt)), Detail: reason}, nil
	case said.Word == run.SaySkip:
		return step.Answer{Status: step.StatusDone, Detail: "skipped by " + said.By}, h.note(ctx, run.Skipped, attempt, "skipped by "+said.By+": "+said.Reason)
	case said.Word == run.SayYes && !retried: // it came as the question timed out
		return step.Answer{Status: step.StatusWait, Detail: said.By + " said yes"}, h.note(ctx, run.Retried, attempt, "")
	}
	return step.Answer{}, abort("%s said %s to step %s, which had failed: %s", said.By, said.Word, h.request.Step, reason)
}

func (h hold) since(attempt int) time.Duration {
	held, ok := h.record.FindAttempt(h.request.Step, run.Held, attempt)
	if !ok {
		return 0
	}
	return h.record.Now.Sub(held.At)
}

// wait is how long until the next look for an answer, in seconds: a person who is
// on it waits five, one who sleeps costs under 15,000 events of history a day.
func wait(held time.Duration) int {
	switch {
	case held < 5*time.Minute:
		return 5
	case held < time.Hour:
		return 15
	}
	return 60
}

func (h hold) note(ctx context.Context, event run.Event, attempt int, detail string) error {
	return h.Note(ctx, h.request.Plan, run.Entry{Run: h.request.Run, Step: h.request.Step, Event: event, Attempt: attempt, At: h.record.Now, Detail: detail})
}

func abort(format string, args ...any) error {
	return failure.Failed{Class: failure.Abort, Message: fmt.Sprintf(format, args...)}
}
