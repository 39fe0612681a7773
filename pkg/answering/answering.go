// Package answering takes what a person says to a run and writes it where the run
// looks: answer-run, the one function that may. An answer that nobody asked for,
// a second one, and one for another run are refused in words, and nothing is
// written.
package answering

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Request is answer-run's input: alone, or as the body of a request to its
// function URL, which then says who the caller is.
type Request struct {
	Plan   string   `json:"plan"`
	Run    string   `json:"run"`
	Step   string   `json:"step"` // run.Whole: the run itself; run.Question: whether it starts
	Word   run.Word `json:"word"`
	By     string   `json:"by,omitempty"`     // needed when the function is invoked directly
	Reason string   `json:"reason,omitempty"` // for the journal
	// Question is the number of the question that run.Question answers, as people were
	// told it, so that no old message answers a new question. Zero: the one that is asked now.
	Question int `json:"question,omitempty"`
}

// Answer says what was written.
type Answer struct {
	Detail string `json:"detail"`
}

// Ledger is what answering needs of the plan's ledger.
type Ledger interface {
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Say(ctx context.Context, plan string, answer run.Answer) (given bool, err error)
	Swap(ctx context.Context, was, next run.State) error
}

const function = "answer-run"

// Handler is answer-run.
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
		if request.Step == run.Question {
			return reply(ctx, ledger, record, request)
		}
		if request.Word == settleStandby || request.Word == settleActive {
			return settle(ctx, ledger, record, request)
		}
		if record.State.Phase == run.Reserved && record.State.Run == request.Run {
			return giveBack(ctx, ledger, record, request)
		}
		answer, err := judge(record, request)
		if err != nil {
			return Answer{}, err
		}
		given, err := ledger.Say(ctx, request.Plan, answer)
		if err != nil {
			return Answer{}, err
		}
		if !given {
			return Answer{}, failure.BadInputf("step %s of run %s was answered meanwhile; look at the run before you answer again", request.Step, request.Run)
		}
		if err := inTime(ctx, ledger, request); err != nil {
			return Answer{}, err
		}
		slog.InfoContext(ctx, "answered", "plan", request.Plan, "run", request.Run, "step", request.Step, "word", request.Word, "by", request.By)
		return Answer{fmt.Sprintf("run %s: %s says %s to %s", request.Run, request.By, request.Word, request.Step)}, nil
	}
}

// inTime is nil unless the run was stopped or closed as the answer was written: who
// stops a run has looked for answers before that, and may not have seen this one.
func inTime(ctx context.Context, ledger Ledger, request Request) error {
	record, err := ledger.Open(ctx, request.Plan, request.Run)
	if err != nil {
		return err
	}
	if err := record.State.Holds(request.Run); err != nil {
		return failure.BadInputf("the answer came too late: %v", err)
	}
	return nil
}

// The words that settle a plan which needs a person, for run.Whole.
const (
	settleStandby = run.Word(run.Standby)
	settleActive  = run.Word(run.Active)
)

// settle puts a plan that needed a person where that person says it is.
func settle(ctx context.Context, ledger Ledger, record run.Record, request Request) (Answer, error) {
	if record.State.Run != request.Run {
		return Answer{}, failure.Failed{Class: failure.RunOver, Message: fmt.Sprintf("run %s is not the newest of plan %s; that is %q", request.Run, request.Plan, record.State.Run)}
	}
	settled, err := record.State.Settled(run.Posture(request.Word), record.Now)
	if err != nil {
		return Answer{}, failure.BadInputf("%v: only a plan that is %s is settled", err, run.NeedsPerson)
	}
	if err := ledger.Swap(ctx, record.State, settled); err != nil {
		return Answer{}, fmt.Errorf("settle plan %s: %w", request.Plan, err)
	}
	slog.InfoContext(ctx, "settled", "plan", request.Plan, "run", request.Run, "posture", settled.Posture, "by", request.By, "reason", request.Reason)
	return Answer{fmt.Sprintf("plan %s is %s, says %s", request.Plan, settled.Posture, request.By)}, nil
}

// giveBack ends a run that its parent has reserved and not started: for the day on
// which the parent is gone and cannot do so.
func giveBack(ctx context.Context, ledger Ledger, record run.Record, request Request) (Answer, error) {
	if request.Step != run.Whole || request.Word != run.SayAbort {
		return Answer{}, failure.BadInputf("run %s has not started: run %s has reserved it; abort is the one answer to it, for step %q", request.Run, record.State.Parent(), run.Whole)
	}
	free, err := record.State.Closed(run.Aborted, record.Now)
	if err != nil {
		return Answer{}, err
	}
	if err := ledger.Swap(ctx, record.State, free); err != nil {
		return Answer{}, fmt.Errorf("give back plan %s: %w", request.Plan, err)
	}
	slog.InfoContext(ctx, "given back", "plan", request.Plan, "run", request.Run, "by", request.By, "reason", request.Reason)
	return Answer{fmt.Sprintf("plan %s is %s, says %s", request.Plan, free.Posture, request.By)}, nil
}

// judge makes the answer, or says why nobody asked for it.
func judge(record run.Record, request Request) (run.Answer, error) {
	if err := record.State.Holds(request.Run); err != nil {
		return run.Answer{}, err
	}
	answer := run.Answer{Run: request.Run, Step: request.Step, Word: request.Word, By: request.By, Reason: request.Reason, At: record.Now}
	if stopped, ok := record.Stopped(); ok {
		return answer, failure.BadInputf("run %s was stopped at %s: %s", request.Run, stopped.At.Format(time.RFC3339), stopped.Detail)
	}
	if request.Step == run.Whole {
		answer.Attempt = count(record, run.Whole)
		return answer, ofRun(record, request)
	}
	answer.Attempt = record.Attempt(request.Step)
	if given, ok := record.Answer(request.Step, answer.Attempt); ok {
		return answer, failure.BadInputf("step %s was answered %q by %s at %s", request.Step, given.Word, given.By, given.At.Format(time.RFC3339))
	}
	return answer, ofStep(record, request, answer.Attempt)
}

func ofRun(record run.Record, request Request) error {
	switch request.Word {
	case run.SayAbort:
		return nil
	case run.SayPlanned, run.SayUnplanned:
		if mode := record.State.Mode; mode != run.Planned && mode != run.Unplanned {
			return failure.BadInputf("run %s is a %s: its mode cannot be changed", request.Run, mode)
		}
		return nil
	}
	return failure.BadInputf("%q is no answer to a whole run: write abort, planned or unplanned; or standby or active once the plan needs a person", request.Word)
}

func ofStep(record run.Record, request Request, attempt int) error {
	begun, ok := record.FindAttempt(request.Step, run.Begun, attempt)
	_, held := record.FindAttempt(request.Step, run.Held, attempt)
	words := []run.Word{run.SayRetry, run.SaySkip, run.SayAbort}
	switch {
	case held: // also when it is done: its function may have died before it could say so
	case ok && begun.Kind == plan.KindApprove && !record.Passed(request.Step):
		words = []run.Word{run.SayYes, run.SayNo}
	default:
		return failure.BadInputf("step %s of run %s is not held and asks nothing: no answer is taken", request.Step, request.Run)
	}
	if !slices.Contains(words, request.Word) {
		return failure.BadInputf("%q is no answer to step %s: write one of %q", request.Word, request.Step, words)
	}
	return nil
}

func count(record run.Record, step string) int {
	n := 0
	for _, answer := range record.Answers {
		if answer.Step == step {
			n++
		}
	}
	return n
}

func decode(raw []byte) (Request, error) {
	var request Request
	caller := ""
	var web signed
	if err := json.Unmarshal(raw, &web); err == nil && web.Context.HTTP.Method != "" {
		if caller = web.Context.Authorizer.IAM.UserARN; caller == "" {
			return request, failure.BadInputf("the request to the function URL is not signed: only AWS_IAM callers may answer")
		}
		if raw, err = web.body(); err != nil {
			return request, err
		}
	}
	if err := input.Decode(function, raw, &request); err != nil {
		return request, err
	}
	if caller != "" {
		request.By = caller
	}
	if request.Question != 0 && request.Step != run.Question {
		return request, failure.BadInputf("\"question\" is for the step %q alone", run.Question)
	}
	return request, input.Need(function,
		input.Field{Name: "plan", Value: request.Plan}, input.Field{Name: "run", Value: request.Run},
		input.Field{Name: "step", Value: request.Step}, input.Field{Name: "word", Value: string(request.Word)},
		input.Field{Name: "by", Value: request.By})
}
