package deploy_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/deploy"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
	"github.com/pilotlight/pilotlight/pkg/run"
)

const (
	signalled = `
plan: storefront
strategy: pilot-light
primary: us-east-1
recovery: us-west-2
notify: on-call
objectives: {rto: 30m, rpo: 1h}
detect:
  mode: approve
  alarms:
    - {name: storefront-checkout, region: us-west-2}
    - {name: storefront-replica-lag, region: us-west-2}
recover:
  - set-parameter: {name: /storefront/side, value: recovery}
`
	west = "us-west-2"
)

// stage is a plan that is deployed, and whose schedules never fire: nothing but what a
// test sends makes it look.
type stage struct {
	*cloud.Cloud
	t         *testing.T
	blueprint *blueprint.Blueprint
}

func newStage(t *testing.T) *stage {
	t.Helper()
	p, findings := plan.Load("signalled", []byte(strings.TrimPrefix(signalled, "\n")))
	if p == nil {
		t.Fatal(findings)
	}
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cloud.Start(t.Context(), cloud.Options{Root: repository.Path(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{c, t, b}
	s.alarms(cwtypes.StateValueOk)
	if _, err := sns.NewFromConfig(c.As("team", west)).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String(p.Notify)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := deploy.Apply(t.Context(), c, b); err != nil {
		t.Fatal(err)
	}
	return s
}

// alarms sets the team's alarms.
func (s *stage) alarms(state cwtypes.StateValue) {
	s.t.Helper()
	watch := cloudwatch.NewFromConfig(s.As("team", west))
	for _, name := range []string{"storefront-checkout", "storefront-replica-lag"} {
		if _, err := watch.PutMetricAlarm(s.t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(name), Namespace: aws.String("Shop"), MetricName: aws.String(name), Statistic: cwtypes.StatisticMaximum,
			Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold,
		}); err != nil {
			s.t.Fatal(err)
		}
		if _, err := watch.SetAlarmState(s.t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String(name), StateValue: state, StateReason: aws.String("set by a test"),
		}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) publish(message string) {
	s.t.Helper()
	topic := "arn:aws:sns:" + west + ":" + cloud.Account + ":" + names.Signals("storefront")
	if _, err := sns.NewFromConfig(s.As("team", west)).Publish(s.t.Context(), &sns.PublishInput{TopicArn: aws.String(topic), Message: aws.String(message)}); err != nil {
		s.t.Fatal(err)
	}
}

// until waits, and lets no time pass in which nothing happens.
func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 90*time.Second)
	defer cancel()
	for !holds() {
		if s.Settled() {
			if err := s.Skip(); err != nil {
				s.t.Fatal(err)
			}
		}
		if err := s.Clock.Wait(ctx, time.Second); err != nil {
			s.t.Fatalf("%s: %v; the function was invoked %d times", what, err, len(s.decisions()))
		}
	}
}

// decisions are the invocations of decide-failover.
func (s *stage) decisions() []lambdahost.Invocation {
	var all []lambdahost.Invocation
	for _, i := range s.Host.Invocations() {
		if i.Function == names.Function("storefront", "decide-failover") {
			all = append(all, i)
		}
	}
	return all
}

func (s *stage) state() run.State {
	s.t.Helper()
	state, _, err := ledger.New(s.As("test", west)).State(s.t.Context(), "storefront")
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// waiting are the messages in a queue, taken or not.
func (s *stage) waiting(queue string) string {
	s.t.Helper()
	out, err := sqs.NewFromConfig(s.As("test", west)).GetQueueAttributes(s.t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(s.QueueURL(cloud.Account, queue)), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// trouble is what AWS Health says in the primary region.
func (s *stage) trouble() {
	s.t.Helper()
	var sample struct {
		Event struct{ Detail json.RawMessage }
	}
	if err := json.Unmarshal(repository.Events(s.t, "decide-failover")["health-event.json"], &sample); err != nil {
		s.t.Fatal(err)
	}
	if _, err := eventbridge.NewFromConfig(s.As("health", "us-east-1")).PutEvents(s.t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		Source: aws.String("aws.health"), DetailType: aws.String("AWS Health Event"), Detail: aws.String(string(sample.Event.Detail)),
	}}}); err != nil {
		s.t.Fatal(err)
	}
}

// counted says whether the plan's decisions have a metric, for one value of its dimension.
func (s *stage) counted(metric, dimension, value string) bool {
	s.t.Helper()
	out, err := cloudwatch.NewFromConfig(s.As("test", west)).ListMetrics(s.t.Context(), &cloudwatch.ListMetricsInput{
		Namespace: aws.String(decide.Namespace("storefront")), MetricName: aws.String(metric),
		Dimensions: []cwtypes.DimensionFilter{{Name: aws.String(dimension), Value: aws.String(value)}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return len(out.Metrics) > 0
}

const (
	said  = `{"AlarmName":"storefront-checkout","NewStateValue":"ALARM","Region":"US West (Oregon)","AlarmArn":"arn:aws:cloudwatch:us-west-2:123456789012:alarm:storefront-checkout"}`
	queue = "pilotlight-storefront-decide-failover"
)

// One cloud for all, because it takes seconds to build: first nothing is wrong, and
// then everything is.
func TestTopic_makesTheDeciderLook(t *testing.T) {
	s := newStage(t)
	s.publish(said)
	s.until("a message of the topic reaches the function", func() bool { return len(s.decisions()) > 0 })
	for _, i := range s.decisions() {
		if i.Asynchronous || i.Error != "" {
			t.Errorf("invocation %+v; want one by its queue that succeeds", i)
		}
	}
	if diff := cmp.Diff(run.New("storefront"), s.state()); diff != "" {
		t.Errorf("a message that no alarm bears out has changed the plan (-want +got):\n%s", diff)
	}

	s.trouble()
	s.until("word of the primary region's trouble is sent on to the function", func() bool {
		return slices.ContainsFunc(s.decisions(), func(i lambdahost.Invocation) bool { return i.Asynchronous && i.Error == "" })
	})

	s.publish(`{"hello":"world"}`)
	s.until("what was decided and ignored is counted", func() bool {
		return s.counted("Decisions", "Verdict", "Ignore") && s.counted("Ignored", "Reason", "UnknownEvent")
	})

	before := len(s.decisions())
	s.publish("please look")
	s.until("a malformed message dies", func() bool { return s.waiting(queue+"-dead") == "1+0" })
	if left, f := s.waiting(queue), s.decisions(); left != "0+0" || len(f) < before+5 {
		t.Errorf("left in the queue %s after %d invocations; want it tried as often as AWS advises, and gone", left, len(f)-before)
	}

	s.Host.Invoke(t.Context(), queue, []byte(`{"plan":"storefront","event":{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change"}}`), true)
	s.until("an event that fails for good is reported", func() bool { // of one that Lambda delivers twice, both
		return s.waiting(queue+"-dead") == "2+0" || s.waiting(queue+"-dead") == "3+0"
	})

	s.alarms(cwtypes.StateValueAlarm)
	if err := s.Clock.Jump(plan.DefaultHold.D() + time.Minute); err != nil {
		t.Fatal(err)
	}
	s.publish(said)
	s.until("people are asked", func() bool { return s.state().Alert != nil })
	if s.state().Alert.Run != "storefront-1" {
		t.Errorf("alert %+v; want a question about the first run", s.state().Alert)
	}
}
