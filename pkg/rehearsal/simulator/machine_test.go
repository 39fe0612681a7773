package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
)

const role = "arn:aws:iam::123456789012:role/run-plan"

// polling is the shape of every step: Task, Choice, Wait, Task. Its task calls
// function.
func polling(function string) string {
	return strings.ReplaceAll(`{
  "StartAt": "advance",
  "States": {
    "advance": {
      "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 60,
      "Parameters": {"FunctionName": "arn:aws:lambda:us-west-2:123456789012:function:FUNCTION", "Payload": {"run.$": "$$.Execution.Name", "begun.$": "$$.Execution.StartTime"}},
      "ResultSelector": {"status.$": "$.Payload.status", "waitSeconds.$": "$.Payload.waitSeconds"},
      "ResultPath": "$.advance",
      "Catch": [{"ErrorEquals": ["DR.Abort"], "ResultPath": "$.error", "Next": "aborted"}],
      "Next": "done?"
    },
    "done?": {
      "Type": "Choice",
      "Choices": [{"Variable": "$.advance.status", "StringEquals": "DONE", "Next": "recovered"}],
      "Default": "wait"
    },
    "wait": {"Type": "Wait", "SecondsPath": "$.advance.waitSeconds", "Next": "advance"},
    "recovered": {"Type": "Succeed"},
    "aborted": {"Type": "Pass", "End": true}
  }
}`, "FUNCTION", function)
}

type answer struct {
	Status      string `json:"status"`
	WaitSeconds int    `json:"waitSeconds"`
}

func machine(ctx context.Context, t *testing.T, c *sfn.Client, name, definition string) *string {
	t.Helper()
	made, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: aws.String(role)})
	if err != nil {
		t.Fatal(err)
	}
	return made.StateMachineArn
}

func run(ctx context.Context, t *testing.T, c *sfn.Client, name, definition string) *sfn.DescribeExecutionOutput {
	t.Helper()
	began, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: machine(ctx, t, c, name, definition), Input: aws.String(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	return ended(ctx, t, c, began.ExecutionArn)
}

func ended(ctx context.Context, t *testing.T, c *sfn.Client, execution *string) (out *sfn.DescribeExecutionOutput) {
	t.Helper()
	until(ctx, t, "the end of "+*execution, func() bool {
		var err error
		if out, err = c.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: execution}); err != nil {
			t.Fatal(err)
		}
		return out.Status != types.ExecutionStatusRunning
	})
	return out
}

func TestMachine_waitsInDataTime(t *testing.T) {
	t.Parallel()
	f, ctx := shared(t), bounded(t)
	c := sfn.NewFromConfig(f.config("us-west-2"))
	polls, callers := 0, map[string]int{}
	f.deploy("wait-once", func(call invocation) (any, string) {
		polls++
		callers[call.caller]++
		var request struct{ Begun time.Time }
		if err := json.Unmarshal(call.payload, &request); err != nil || request.Begun.IsZero() {
			return nil, "BadRequest"
		}
		if polls == 1 {
			return answer{"WAIT", 60}, ""
		}
		return answer{"DONE", 0}, ""
	})
	began := time.Now()
	out := run(ctx, t, c, "polling", polling("wait-once"))
	if out.Status != types.ExecutionStatusSucceeded {
		t.Fatalf("%s: %s", out.Status, aws.ToString(out.Cause))
	}
	if took := out.StopDate.Sub(*out.StartDate); took < 60*time.Second || took > 10*time.Minute {
		t.Errorf("a Wait of 60 s made the run %s of data time", took)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("a Wait of 60 s took %s of real time", took)
	}
	if want := map[string]int{"run-plan": 2}; !cmp.Equal(want, callers) {
		t.Errorf("callers: %s", cmp.Diff(want, callers))
	}
	want := []string{
		"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
		"ChoiceStateEntered", "ChoiceStateExited", "WaitStateEntered", "WaitStateExited",
		"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
		"ChoiceStateEntered", "ChoiceStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded",
	}
	if diff := cmp.Diff(want, history(ctx, t, c, out.ExecutionArn, false)); diff != "" {
		t.Error(diff)
	}
	newest := history(ctx, t, c, out.ExecutionArn, true)
	if diff := cmp.Diff([]string{"ExecutionSucceeded", "SucceedStateExited"}, newest[:2]); diff != "" {
		t.Error(diff)
	}
}

// history reads all events in pages of three.
func history(ctx context.Context, t *testing.T, c *sfn.Client, execution *string, reverse bool) (events []string) {
	t.Helper()
	pages := sfn.NewGetExecutionHistoryPaginator(c, &sfn.GetExecutionHistoryInput{ExecutionArn: execution, MaxResults: 3, ReverseOrder: reverse})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Events) > 3 {
			t.Fatalf("a page of %d events", len(page.Events))
		}
		for _, event := range page.Events {
			events = append(events, string(event.Type))
		}
	}
	return events
}

func TestMachine_catchesAHandlersErrorByItsName(t *testing.T) {
	t.Parallel()
	f, ctx := shared(t), bounded(t)
	c := sfn.NewFromConfig(f.config("us-west-2"))
	failing := "DR.Abort"
	f.deploy("fail", func(invocation) (any, string) { return nil, failing })
	caught := run(ctx, t, c, "caught", polling("fail"))
	if caught.Status != types.ExecutionStatusSucceeded || !strings.Contains(aws.ToString(caught.Output), `"Error":"DR.Abort"`) {
		t.Errorf("%s: %s", caught.Status, aws.ToString(caught.Output))
	}
	failing = "wrapError"
	uncaught := run(ctx, t, c, "uncaught", polling("fail"))
	if uncaught.Status != types.ExecutionStatusFailed || aws.ToString(uncaught.Error) != "wrapError" {
		t.Errorf("%s: %s", uncaught.Status, aws.ToString(uncaught.Error))
	}
}

func TestStartExecution_answersOneNameWithOneExecution(t *testing.T) {
	t.Parallel()
	f, ctx := shared(t), bounded(t)
	c := sfn.NewFromConfig(f.config("us-west-2"))
	arn := machine(ctx, t, c, "waiting", `{"StartAt":"w","States":{"w":{"Type":"Wait","Seconds":86400,"End":true}}}`)
	begin := func(name, input string) (string, error) {
		out, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: arn, Name: aws.String(name), Input: &input})
		if err != nil {
			return "", err
		}
		return *out.ExecutionArn, nil
	}
	first, err := begin("plan-1", `{"epoch": 1}`)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := begin("plan-1", `{"epoch": 1}`); err != nil || again != first {
		t.Errorf("the same name and input: %s, %v", again, err)
	}
	var exists *types.ExecutionAlreadyExists
	if _, err := begin("plan-1", `{"epoch":1}`); !errors.As(err, &exists) {
		t.Errorf("the same name, other bytes: %v", err)
	}
	if _, err := c.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &first, Error: aws.String("Abort"), Cause: aws.String("a person said so")}); err != nil {
		t.Fatal(err)
	}
	stopped := ended(ctx, t, c, &first)
	if got := [3]string{string(stopped.Status), aws.ToString(stopped.Error), aws.ToString(stopped.Cause)}; got != [3]string{"ABORTED", "Abort", "a person said so"} {
		t.Errorf("stopped: %v", got)
	}
	if diff := cmp.Diff([]string{"ExecutionStarted", "WaitStateEntered", "ExecutionAborted"}, history(ctx, t, c, &first, false)); diff != "" {
		t.Error(diff)
	}
	if _, err := begin("plan-1", `{"epoch": 1}`); !errors.As(err, &exists) {
		t.Errorf("the name of a closed execution: %v", err)
	}
	var invalid *types.InvalidName
	if _, err := begin("plan 1", `{}`); !errors.As(err, &invalid) {
		t.Errorf("a name with a space: %v", err)
	}
	unnamed := map[string]bool{}
	for range 2 {
		out, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: arn})
		if err != nil {
			t.Fatal(err)
		}
		unnamed[*out.ExecutionArn] = true
	}
	if len(unnamed) != 2 {
		t.Errorf("two unnamed executions share an ARN: %v", unnamed)
	}
}

func TestMachine_endsAsOnAWS(t *testing.T) {
	t.Parallel()
	f, ctx := shared(t), bounded(t)
	c := sfn.NewFromConfig(f.config("us-west-2"))
	f.deploy("drop", func(invocation) (any, string) { panic(http.ErrAbortHandler) })
	f.deploy("succeed", func(invocation) (any, string) { return answer{"DONE", 0}, "" })
	task := `"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"succeed"}`
	tests := map[string]struct{ definition, status, err string }{
		"a Choice on what is not there": {
			`{"StartAt":"c","States":{"c":{"Type":"Choice","Choices":[{"Variable":"$.absent","StringEquals":"x","Next":"s"}],"Default":"s"},"s":{"Type":"Succeed"}}}`,
			"FAILED", "States.Runtime",
		},
		"a Choice that asks whether it is there": {
			`{"StartAt":"c","States":{"c":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.absent","IsPresent":true},{"Variable":"$.absent","StringEquals":"x"}],"Next":"s"}],"Default":"s"},"s":{"Type":"Succeed"}}}`,
			"SUCCEEDED", "",
		},
		"a runtime error under a Catch of everything": {
			`{"StartAt":"t","States":{"t":{` + task + `,"ResultSelector":{"x.$":"$.absent"},"Catch":[{"ErrorEquals":["States.ALL"],"Next":"s"}],"End":true},"s":{"Type":"Succeed"}}}`,
			"FAILED", "States.Runtime",
		},
		"a machine out of time": {
			`{"TimeoutSeconds":60,"StartAt":"w","States":{"w":{"Type":"Wait","Seconds":86400,"End":true}}}`,
			"TIMED_OUT", "",
		},
		"a branch that fails under its group's Catch": {
			`{"StartAt":"p","States":{"p":{"Type":"Parallel","Branches":[{"StartAt":"f","States":{"f":{"Type":"Fail","Error":"DR.Abort"}}},{"StartAt":"w","States":{"w":{"Type":"Wait","Seconds":86400,"End":true}}}],"Catch":[{"ErrorEquals":["DR.Abort"],"Next":"s"}],"End":true},"s":{"Type":"Succeed"}}}`,
			"SUCCEEDED", "",
		},
		"a task that cannot reach Lambda": {
			`{"StartAt":"t","States":{"t":{` + strings.ReplaceAll(task, "succeed", "drop") + `,"Retry":[{"ErrorEquals":["Lambda.SdkClientException"],"IntervalSeconds":60,"MaxAttempts":2}],"End":true}}}`,
			"FAILED", "Lambda.SdkClientException",
		},
		"a machine that never ends": {
			`{"StartAt":"a","States":{"a":{"Type":"Pass","Next":"b"},"b":{"Type":"Pass","Next":"a"}}}`,
			"FAILED", "States.Runtime",
		},
	}
	i := 0
	for what, tt := range tests {
		i++
		name := fmt.Sprintf("machine-%d", i)
		t.Run(what, func(t *testing.T) {
			out := run(ctx, t, c, name, tt.definition)
			if string(out.Status) != tt.status || aws.ToString(out.Error) != tt.err {
				t.Errorf("%s %s: %s", out.Status, aws.ToString(out.Error), aws.ToString(out.Cause))
			}
			if out.StopDate == nil {
				t.Error("no stopDate")
			}
		})
	}
}
