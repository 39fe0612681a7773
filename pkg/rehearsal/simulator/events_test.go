package simulator

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"
)

const functions = "arn:aws:lambda:us-west-2:123456789012:function:"

// event is what EventBridge writes around every detail.
type event struct {
	Version    string
	ID         string
	DetailType string `json:"detail-type"`
	Source     string
	Account    string
	Time       time.Time
	Region     string
	Resources  []string
	Detail     map[string]any
}

func listen(ctx context.Context, t *testing.T, c *eventbridge.Client, rule, pattern string, target types.Target) {
	t.Helper()
	if _, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: &rule, EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	target.Id = aws.String("target")
	if _, err := c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule, Targets: []types.Target{target}}); err != nil {
		t.Fatal(err)
	}
}

func put(ctx context.Context, t *testing.T, c *eventbridge.Client, entry types.PutEventsRequestEntry) string {
	t.Helper()
	out, err := c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil {
		t.Fatal(err)
	}
	if out.FailedEntryCount != 0 {
		t.Fatalf("refused: %s", aws.ToString(out.Entries[0].ErrorMessage))
	}
	return *out.Entries[0].EventId
}

// withPlan is how the alarm rule of a plan calls decide-failover.
func withPlan(function string) types.Target {
	return types.Target{Arn: &function, InputTransformer: &types.InputTransformer{
		InputPathsMap: map[string]string{"event": "$"},
		InputTemplate: aws.String(`{"plan":"storefront","event":<event>}`),
	}}
}

func received(ctx context.Context, t *testing.T, calls <-chan invocation) (plan string, e event) {
	t.Helper()
	select {
	case call := <-calls:
		var input struct {
			Plan  string
			Event event
		}
		if err := json.Unmarshal(call.payload, &input); err != nil {
			t.Fatalf("%s: %v", call.payload, err)
		}
		if !call.event || call.caller != "events.amazonaws.com" {
			t.Errorf("asynchronous %t, by %s", call.event, call.caller)
		}
		return input.Plan, input.Event
	case <-ctx.Done():
		t.Fatal("no event came")
		return "", event{}
	}
}

func record(f *front, name string) <-chan invocation {
	calls := make(chan invocation, 100)
	f.deploy(name, func(call invocation) (any, string) {
		calls <- call
		return nil, ""
	})
	return calls
}

func TestPutEvents_invokesAFunctionFromAnotherRegionsBus(t *testing.T) {
	t.Parallel()
	f, ctx := shared(t), bounded(t)
	calls := record(f, "decide")
	primary, recovery := eventbridge.NewFromConfig(f.config("us-east-1")), eventbridge.NewFromConfig(f.config("us-west-2"))
	const pattern = `{"source":["aws.cloudwatch"],"detail":{"alarmName":["shop"],"state":{"value":["ALARM"]}}}`
	bus := func(region string) types.Target {
		return types.Target{Arn: aws.String("arn:aws:events:" + region + ":123456789012:event-bus/default")}
	}
	listen(ctx, t, primary, "forward", pattern, bus("us-west-2"))
	// A rule that would send it back for ever, and one whose target does not exist.
	listen(ctx, t, recovery, "back", pattern, bus("us-east-1"))
	listen(ctx, t, recovery, "broken", pattern, types.Target{Arn: aws.String(functions + "absent")})
	listen(ctx, t, recovery, "alarms", pattern, withPlan(functions+"decide"))

	alarm := "arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop"
	detail := `{"alarmName":"shop \"A\"","state":{"value":"ALARM"}}`
	put(ctx, t, primary, types.PutEventsRequestEntry{Source: aws.String("aws.cloudwatch"), DetailType: aws.String("CloudWatch Alarm State Change"), Detail: &detail})
	detail = `{"alarmName":"shop","state":{"value":"ALARM","reason":"\"<event>\""}}`
	before := f.clock.Now()
	id := put(ctx, t, primary, types.PutEventsRequestEntry{
		Source: aws.String("aws.cloudwatch"), DetailType: aws.String("CloudWatch Alarm State Change"), Detail: &detail, Resources: []string{alarm},
	})

	plan, got := received(ctx, t, calls)
	if late := got.Time.Sub(before); late < -time.Second || late > 10*time.Minute {
		t.Errorf("dated %s, %s after it was put", got.Time, late)
	}
	got.Time = time.Time{}
	want := event{
		Version: "0", ID: id, DetailType: "CloudWatch Alarm State Change", Source: "aws.cloudwatch", Account: "123456789012", Region: "us-east-1",
		Resources: []string{alarm}, Detail: map[string]any{"alarmName": "shop", "state": map[string]any{"value": "ALARM", "reason": `"<event>"`}},
	}
	if diff := cmp.Diff(want, got); diff != "" || plan != "storefront" {
		t.Errorf("plan %q: %s", plan, diff)
	}
	if len(calls) != 0 {
		t.Errorf("delivered %d times more", len(calls))
	}
}

func TestMachine_saysThatItStartsAndEnds(t *testing.T) {
	t.Parallel()
	f, ctx := shared(t), bounded(t)
	calls := record(f, "reconcile")
	pattern := `{"source":["aws.states"],"detail":{"stateMachineArn":[{"suffix":":short"}]}}`
	listen(ctx, t, eventbridge.NewFromConfig(f.config("us-west-2")), "runs", pattern, withPlan(functions+"reconcile"))
	c := sfn.NewFromConfig(f.config("us-west-2"))
	out := run(ctx, t, c, "short", `{"StartAt":"s","States":{"s":{"Type":"Pass","Result":{"x":1},"End":true}}}`)
	var statuses []string
	for range 2 {
		_, got := received(ctx, t, calls)
		if diff := cmp.Diff([]string{*out.ExecutionArn}, got.Resources); diff != "" || got.DetailType != "Step Functions Execution Status Change" {
			t.Errorf("%s %s", got.DetailType, diff)
		}
		status := got.Detail["status"].(string)
		statuses = append(statuses, status)
		if status == "SUCCEEDED" && (got.Detail["output"] != `{"x":1}` || got.Detail["stopDate"] != float64(out.StopDate.UnixMilli())) {
			t.Errorf("ended: %v", got.Detail)
		}
	}
	// Events come in no order, on AWS as here.
	slices.Sort(statuses)
	if diff := cmp.Diff([]string{"RUNNING", "SUCCEEDED"}, statuses); diff != "" {
		t.Error(diff)
	}
}
