// Package execution starts a plan's state machine and looks at its executions.
// A start is idempotent: Step Functions answers the same name and input with the
// same execution while it runs, and refuses a name that was used before.
package execution

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// api is all that is asked of Step Functions, and so the IAM checklist.
type api interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// Executions are those of the region and account that the function runs in.
type Executions struct{ states api }

// New uses cfg's region.
func New(cfg aws.Config) Executions { return Executions{sfn.NewFromConfig(cfg)} }

// Start starts the run's execution unless it has been started already.
func (e Executions) Start(ctx context.Context, state run.State) error {
	machine, err := edge.Beside(ctx, "states", "stateMachine:"+names.Machine(state.Plan, state.Mode.Course()))
	if err != nil {
		return err
	}
	_, err = e.states.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(machine),
		Name:            aws.String(state.Run),
		Input:           aws.String(state.Input),
	})
	var exists *types.ExecutionAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("start execution %s: %w", state.Run, err)
	}
	return nil
}

// Status is what Step Functions says of a run; the zero value when it knows none.
func (e Executions) Status(ctx context.Context, state run.State) (decide.Execution, error) {
	execution, err := edge.Beside(ctx, "states", "execution:"+names.Machine(state.Plan, state.Mode.Course())+":"+state.Run)
	if err != nil {
		return decide.Execution{}, err
	}
	out, err := e.states.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(execution)})
	var none *types.ExecutionDoesNotExist
	if errors.As(err, &none) {
		return decide.Execution{}, nil
	}
	if err != nil {
		return decide.Execution{}, fmt.Errorf("look at execution %s: %w", state.Run, err)
	}
	return decide.Execution{
		Exists:  true,
		Over:    out.Status != types.ExecutionStatusRunning && out.Status != types.ExecutionStatusPendingRedrive,
		Ended:   aws.ToTime(out.StopDate),
		Outcome: string(out.Status),
	}, nil
}
