// Package invokefunction is the step kind invoke-function: it invokes the team's own
// Lambda, at every look, until that says that it is done.
//
// It guarantees that two looks never overlap, as far as the function's own timeout
// is within Patience, and that a function which has said that it is done is not
// invoked again. What the function does it must do once: it is invoked any number
// of times for one step, always with the same run, step and attempt.
package invokefunction

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted.
type api interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
	GetFunctionConfiguration(context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error)
}

// Patience is how long a function has to answer: within the minute that the step's
// own has. What takes longer answers WAIT and is asked again.
const Patience = 45 * time.Second

// Kind acts in one region.
type Kind struct{ lambda api }

// New acts in the region of cfg. Its calls wait for the function and are never sent
// twice: the first may still be running.
func New(cfg aws.Config) *Kind {
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = client.WithTimeout(Patience)
	}
	return &Kind{lambda.NewFromConfig(cfg, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} })}
}

// Request is what the function is sent.
type Request struct {
	Op      step.Op        `json:"op"` // "advance" or "undo"
	Plan    string         `json:"plan"`
	Run     string         `json:"run"`
	Step    string         `json:"step"`
	Attempt int            `json:"attempt"` // how often a person has said retry
	Mode    run.Mode       `json:"mode"`
	AsOf    time.Time      `json:"asOf,omitzero"`
	Drill   *plan.Drill    `json:"drill"` // null: this is no drill
	Input   map[string]any `json:"input"` // the plan's, with references replaced
}

// Answer is what the function answers.
type Answer struct {
	Status  Status            `json:"status"`
	Detail  string            `json:"detail"`
	Outputs map[string]string `json:"outputs"`
}

// Status is how far the function is.
type Status string

// The statuses. Failed is for good: a person is asked.
const (
	Done   Status = "DONE"
	Wait   Status = "WAIT"
	Failed Status = "FAILED"
)

// Advance invokes the function once, unless it is known to be done.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.InvokeFunction) (step.Progress, error) {
	if outputs, done := r.Outputs[r.Step]; done {
		return step.Progress{Done: true, Detail: spec.Function + " is done", Outputs: outputs}, nil
	}
	if leftOut(r, spec) {
		return step.Progress{Done: true, Detail: "left out in a drill: " + spec.Function + " cannot take back what it does; write \"undo: true\" in the plan when it can"}, nil
	}
	answer, err := k.ask(ctx, step.Advance, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	if answer.Status == Failed {
		return step.Progress{}, step.Permanent("%s failed: %s", spec.Function, answer.Detail)
	}
	if lacks := missing(spec, answer); answer.Status == Done && lacks != "" {
		return step.Progress{}, step.Permanent("%s is done without the output %s, which the plan names: have it answer {\"outputs\": {%q: …}}", spec.Function, lacks, lacks)
	}
	return step.Progress{Done: answer.Status == Done, Detail: spec.Function + ": " + answer.Detail, Outputs: answer.Outputs}, nil
}

// leftOut is a drill of a function that leaves something behind.
func leftOut(r step.Run, spec plan.InvokeFunction) bool { return r.Drill != nil && !spec.Undo }

// Undo asks the function to take back what it did. One that cannot may have been
// invoked when the step began: the journal's entry is written before the call.
func (k *Kind) Undo(ctx context.Context, r step.Run, spec plan.InvokeFunction) (step.Progress, error) {
	if leftOut(r, spec) {
		return step.Nothing("the drill left it out"), nil
	}
	if _, err := input(r, spec); err != nil && !r.Ended {
		return step.Nothing(spec.Function + " was never invoked: " + err.Error()), nil
	}
	if !spec.Undo {
		was := "may have been invoked"
		if r.Ended {
			was = "was invoked and did what it does"
		}
		return step.Progress{Done: true, Left: fmt.Sprintf("Function %s %s, and cannot take it back: see what it did, and undo that by hand.", spec.Function, was)}, nil
	}
	if wait, err := k.running(ctx, r, spec.Function); wait != "" || err != nil {
		return step.Pending(wait), err
	}
	answer, err := k.ask(ctx, step.Undo, r, spec)
	if err != nil {
		return step.Progress{}, err
	}
	if answer.Status == Failed {
		return step.Progress{Done: true, Left: fmt.Sprintf("Function %s could not take back what it did: %s", spec.Function, answer.Detail)}, nil
	}
	return step.Progress{Done: answer.Status == Done, Detail: spec.Function + ": " + answer.Detail}, nil
}

// sent is how long after a run was stopped its last look may still invoke: a step is
// taken back 75 seconds later, and the rest of that is Patience.
const sent = 30 * time.Second

// longest is how long Lambda lets any function run, for one that cannot be asked.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const longest = 15 * time.Minute

// running says that an invocation of before the stop may go on: it does so until the
// function's own timeout, although nobody waits for its answer any more, and would do
// again what was taken back meanwhile. Empty: none can.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
func (k *Kind) running(ctx context.Context, r step.Run, function string) (string, error) {
	if r.Ended {
		return "", nil
	}
	lasts := longest
	out, err := k.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(function)})
	switch {
	case err == nil:
		lasts = limit(aws.ToInt32(out.Timeout))
	case failure.ClassOf(err) == failure.TryAgain:
		return "", fmt.Errorf("ask how long an invocation of %s may last: %w", function, err)
	}
	over := r.Stopped.Add(sent + lasts)
	if !r.Now.Before(over) {
		return "", nil
	}
	return fmt.Sprintf("an invocation of %s may go on until %s", function, over.UTC().Format(time.RFC3339)), nil
}

func (k *Kind) ask(ctx context.Context, op step.Op, r step.Run, spec plan.InvokeFunction) (Answer, error) {
	given, err := input(r, spec)
	if err != nil {
		return Answer{}, err
	}
	payload, err := json.Marshal(Request{op, r.Plan, r.ID, r.Step, r.Attempt, r.Mode, r.AsOf, r.Drill, given})
	if err != nil {
		return Answer{}, step.Permanent("the input of %s is no JSON: %v", spec.Function, err)
	}
	out, err := k.lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(spec.Function), InvocationType: types.InvocationTypeRequestResponse, Payload: payload,
	})
	if err != nil {
		return Answer{}, fmt.Errorf("invoke %s: %w", spec.Function, err)
	}
	if out.FunctionError != nil {
		return Answer{}, broken(spec.Function, out.Payload)
	}
	return understood(spec.Function, out.Payload)
}
