package execution

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	machine = "arn:aws:states:us-west-2:123456789012:stateMachine:pilotlight-storefront"
	run1    = "arn:aws:states:us-west-2:123456789012:execution:pilotlight-storefront:storefront-1"
)

// states is Step Functions with one state machine.
type states struct {
	t          *testing.T
	executions map[string]types.ExecutionStatus // by ARN
	inputs     map[string]string                // by name
	down       error
	calls      int
}

// StartExecution refuses a name whose execution is over or had another input:
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
func (s *states) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	s.calls++
	if s.down != nil {
		return nil, s.down
	}
	if aws.ToString(in.StateMachineArn) != machine {
		s.t.Errorf("started %s", aws.ToString(in.StateMachineArn))
	}
	name := aws.ToString(in.Name)
	if was, ok := s.inputs[name]; ok && (was != aws.ToString(in.Input) || s.executions[run1] != types.ExecutionStatusRunning) {
		return nil, &types.ExecutionAlreadyExists{}
	}
	s.inputs[name] = aws.ToString(in.Input)
	s.executions[run1] = types.ExecutionStatusRunning
	return &sfn.StartExecutionOutput{}, nil
}

func (s *states) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	s.calls++
	if s.down != nil {
		return nil, s.down
	}
	status, ok := s.executions[aws.ToString(in.ExecutionArn)]
	if !ok {
		return nil, &types.ExecutionDoesNotExist{}
	}
	out := &sfn.DescribeExecutionOutput{Status: status}
	if status != types.ExecutionStatusRunning && status != types.ExecutionStatusPendingRedrive {
		out.StopDate = aws.Time(noon)
	}
	return out, nil
}

func newStates(t *testing.T) *states {
	return &states{t: t, executions: map[string]types.ExecutionStatus{}, inputs: map[string]string{}}
}

// invoked is the context of a function of the recovery region; its ARN may name a
// version.
func invoked(t *testing.T, function string) context.Context {
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: function})
}

// storefront is the state of a plan whose first run has this input.
func storefront(input string) run.State {
	return run.State{Plan: "storefront", Run: "storefront-1", Input: input, Mode: run.Unplanned}
}

const decider = "arn:aws:lambda:us-west-2:123456789012:function:pilotlight-storefront-decide-failover"

func TestStart_startsOnceHoweverOftenItIsAsked(t *testing.T) {
	s := newStates(t)
	for _, function := range []string{decider, decider + ":7"} {
		if err := (Executions{s}).Start(invoked(t, function), storefront(`{"a":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	s.executions[run1] = types.ExecutionStatusSucceeded // its name stays taken for 90 days
	if err := (Executions{s}).Start(invoked(t, decider), storefront(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"storefront-1": `{"a":1}`}, s.inputs); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}

func TestStart_reportsThatNothingWasStarted(t *testing.T) {
	s := newStates(t)
	s.down = errors.New("slow down")
	if err := (Executions{s}).Start(invoked(t, decider), storefront(`{}`)); !errors.Is(err, s.down) {
		t.Errorf("%v; want what Step Functions said", err)
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[types.ExecutionStatus]decide.Execution{
		"":                                  {},
		types.ExecutionStatusRunning:        {Exists: true, Outcome: "RUNNING"},
		types.ExecutionStatusPendingRedrive: {Exists: true, Outcome: "PENDING_REDRIVE"},
		types.ExecutionStatusSucceeded:      {Exists: true, Over: true, Ended: noon, Outcome: "SUCCEEDED"},
		types.ExecutionStatusFailed:         {Exists: true, Over: true, Ended: noon, Outcome: "FAILED"},
		types.ExecutionStatusTimedOut:       {Exists: true, Over: true, Ended: noon, Outcome: "TIMED_OUT"},
		types.ExecutionStatusAborted:        {Exists: true, Over: true, Ended: noon, Outcome: "ABORTED"},
	} {
		s := newStates(t)
		if status != "" {
			s.executions[run1] = status
		}
		got, err := (Executions{s}).Status(invoked(t, decider), storefront(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", status, diff)
		}
	}
}

func TestStatus_isNotMadeUpWhenStepFunctionsDoesNotAnswer(t *testing.T) {
	s := newStates(t)
	s.down = errors.New("slow down")
	got, err := (Executions{s}).Status(invoked(t, decider), storefront(`{}`))
	if !errors.Is(err, s.down) || got != (decide.Execution{}) {
		t.Errorf("%+v, %v; want what Step Functions said", got, err)
	}
}

func TestExecutions_needAFunctionToBeBeside(t *testing.T) {
	s := newStates(t)
	for name, ctx := range map[string]context.Context{"outside Lambda": t.Context(), "under an odd name": invoked(t, "f")} {
		if _, err := (Executions{s}).Status(ctx, storefront(`{}`)); err == nil {
			t.Errorf("%s: looked", name)
		}
		if err := (Executions{s}).Start(ctx, storefront(`{}`)); err == nil {
			t.Errorf("%s: started", name)
		}
	}
	if s.calls != 0 {
		t.Errorf("%d calls without an account to make them in", s.calls)
	}
}

// asked notes which machine and which execution are meant.
type asked struct{ arns []string }

func (a *asked) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	a.arns = append(a.arns, aws.ToString(in.StateMachineArn))
	return nil, nil
}

func (a *asked) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	a.arns = append(a.arns, aws.ToString(in.ExecutionArn))
	return nil, &types.ExecutionDoesNotExist{}
}

func TestExecutions_areOfTheMachineOfTheRunsCourse(t *testing.T) {
	for mode, machine := range map[run.Mode]string{
		run.Unplanned: "pilotlight-storefront", run.Planned: "pilotlight-storefront", run.Drill: "pilotlight-storefront",
		run.Failback: "pilotlight-storefront-failback", run.Repair: "pilotlight-storefront-repair",
	} {
		state, ask := storefront(`{}`), &asked{}
		state.Mode = mode
		if err := (Executions{ask}).Start(invoked(t, decider), state); err != nil {
			t.Fatal(err)
		}
		if _, err := (Executions{ask}).Status(invoked(t, decider), state); err != nil {
			t.Fatal(err)
		}
		const at = "arn:aws:states:us-west-2:123456789012:"
		if diff := cmp.Diff([]string{at + "stateMachine:" + machine, at + "execution:" + machine + ":storefront-1"}, ask.arns); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
	}
}
