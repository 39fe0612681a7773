package runplan

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// api is what this step calls beside the ledger and Step Functions, and so what its
// role is granted.
type api interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// people speaks through the child's answer-run, which alone may write answers.
type people struct{ functions api }

// New is for the plans in the region and account of cfg, which is the function's own.
func New(cfg aws.Config, ledger Ledger, executions Executions) *Kind {
	return &Kind{ledger, executions, people{lambda.NewFromConfig(cfg)}}
}

func (p people) cancel(ctx context.Context, plan, runID, by, reason string) error {
	payload, err := json.Marshal(answering.Request{Plan: plan, Run: runID, Step: run.Whole, Word: run.SayAbort, By: by, Reason: reason})
	if err != nil {
		return err
	}
	out, err := p.functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(names.Function(plan, "answer-run")), Payload: payload})
	if err != nil {
		return fmt.Errorf("cancel run %s: %w", runID, err)
	}
	if out.FunctionError != nil { // it ended meanwhile, or nobody can be heard just now: the next look tells
		return fmt.Errorf("cancel run %s: %s", runID, out.Payload)
	}
	return nil
}
