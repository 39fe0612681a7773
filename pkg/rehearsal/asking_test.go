package rehearsal_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/failure"
	ledgers "github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/deploy"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// asking is a plan that asks people, and needs nothing but its alarms.
const asking = `plan: counter
strategy: pilot-light
primary: us-east-1
recovery: us-west-2
notify: on-call
objectives: {rto: 30m, rpo: 1h}
detect:
  mode: approve
  hold: 1m
  answer: 10m
  alarms: [{name: counter-sales, region: us-west-2}, {name: counter-lag, region: us-west-2}]
recover:
  - set-parameter: {name: /counter/side, value: recovery}
`

// Alarms go off, people hear of it through SNS, one of them answers at the function's
// URL, and one run starts.
func TestPeople_areAskedAndOneYesStartsOneRun(t *testing.T) {
	p, findings := plan.Load("asking", []byte(asking))
	if p == nil {
		t.Fatal(findings)
	}
	c, err := cloud.Start(t.Context(), cloud.Options{Root: repository.Path(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	g := &ground{t, p, c, ledgers.New(c.As("auditor", p.Recovery))}
	g.alarms(cwtypes.StateValueOk, true)
	mail := g.subscribe()
	b, err := blueprint.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	_, schedules, err := deploy.Apply(t.Context(), c, b)
	if err != nil {
		t.Fatal(err)
	}
	c.Schedule(schedules)

	g.alarms(cwtypes.StateValueAlarm, false)
	g.until("a question", func(s run.State) bool { return s.Alert != nil && s.Alert.Told })
	first := yesOf(t, mail())
	if answer := g.reply("", first); !strings.Contains(answer, "not signed") {
		t.Errorf("unsigned: %s", answer)
	}
	g.until("the question again", func(s run.State) bool { return s.Alert != nil && s.Alert.Number == 2 && s.Alert.Told })
	second := yesOf(t, mail())
	if answer := g.reply(ada, first); !strings.Contains(answer, string(failure.BadInput)) || !strings.Contains(answer, "that was question 1") {
		t.Errorf("late: %s", answer)
	}
	if answer := g.reply(ada, second); !strings.Contains(answer, ada+" said yes") {
		t.Errorf("in time: %s", answer)
	}
	if answer := g.reply(ada, strings.Replace(second, `"yes"`, `"no"`, 1)); !strings.Contains(answer, "was answered before") && !strings.Contains(answer, "has started already") {
		t.Errorf("twice: %s", answer)
	}
	g.until("the run", func(s run.State) bool { return s.Phase == run.Over })
	if answer := g.reply(ada, second); !strings.Contains(answer, "has started already") {
		t.Errorf("when the run is over: %s", answer)
	}
	g.startedOnce("counter-1")
	if told := mail(); !strings.Contains(told, "run counter-1 has started") || !strings.Contains(told, ada) {
		t.Errorf("people heard %s", told)
	}
}

const ada = "arn:aws:sts::123456789012:assumed-role/on-call/ada"

// startedOnce sees to it that there was one execution, and who said yes to it.
func (g *ground) startedOnce(id string) {
	g.t.Helper()
	record := g.record(id)
	if entry, ok := record.First(run.Whole, run.Started); !ok || !strings.Contains(entry.Detail, ada+" said yes") {
		g.t.Errorf("the journal says %+v", record.Entries)
	}
	if record.State.End != run.Recovered || record.State.Epoch != 1 {
		g.t.Errorf("the plan is %+v", record.State)
	}
	machine := "arn:aws:states:" + g.plan.Recovery + ":" + g.cloud.AccountOf(g.plan.Recovery) + ":stateMachine:" + names.Machine(g.plan.Name, plan.CourseRecover)
	all, err := sfn.NewFromConfig(g.cloud.As("auditor", g.plan.Recovery)).ListExecutions(g.t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(machine)})
	if err != nil || len(all.Executions) != 1 || aws.ToString(all.Executions[0].Name) != id {
		g.t.Errorf("executions %+v, error %v", all, err)
	}
}

// alarms sets the plan's alarms, which are made before.
func (g *ground) alarms(state cwtypes.StateValue, made bool) {
	g.t.Helper()
	watch := cloudwatch.NewFromConfig(g.cloud.As("team", g.plan.Recovery))
	for _, alarm := range g.plan.Detect.Alarms {
		if made {
			if _, err := watch.PutMetricAlarm(g.t.Context(), &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String(alarm.Name), Namespace: aws.String("Shop"), MetricName: aws.String(alarm.Name), Statistic: cwtypes.StatisticMaximum,
				Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold,
			}); err != nil {
				g.t.Fatal(err)
			}
		}
		g.alarm(alarm.Name, state)
	}
}

// subscribe has a queue hear what people are told; what it answers reads the newest
// message, subject first.
func (g *ground) subscribe() func() string {
	g.t.Helper()
	team := g.cloud.As("team", g.plan.Recovery)
	queues, topics := sqs.NewFromConfig(team), sns.NewFromConfig(team)
	topic, err := topics.CreateTopic(g.t.Context(), &sns.CreateTopicInput{Name: aws.String(g.plan.Notify)})
	if err != nil {
		g.t.Fatal(err)
	}
	queue, err := queues.CreateQueue(g.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("mailbox")})
	if err != nil {
		g.t.Fatal(err)
	}
	arn := "arn:aws:sqs:" + g.plan.Recovery + ":" + g.cloud.AccountOf(g.plan.Recovery) + ":mailbox"
	if _, err := topics.Subscribe(g.t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(arn)}); err != nil {
		g.t.Fatal(err)
	}
	return func() string {
		g.t.Helper()
		for deadline := g.cloud.Clock.Now().Add(time.Hour); g.cloud.Clock.Now().Before(deadline); {
			got, err := queues.ReceiveMessage(g.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 1})
			if err != nil {
				g.t.Fatal(err)
			}
			if len(got.Messages) == 0 {
				if err := g.cloud.Clock.Wait(g.cloud.Gone, time.Second); err != nil {
					g.t.Fatal(err)
				}
				continue
			}
			if _, err := queues.DeleteMessage(g.t.Context(), &sqs.DeleteMessageInput{QueueUrl: queue.QueueUrl, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
				g.t.Fatal(err)
			}
			var told struct{ Subject, Message string }
			if err := json.Unmarshal([]byte(aws.ToString(got.Messages[0].Body)), &told); err != nil {
				g.t.Fatal(err)
			}
			return told.Subject + "\n" + told.Message
		}
		g.t.Fatal("nobody was told anything")
		return ""
	}
}

// yesOf is the payload that a message says to send for a yes.
func yesOf(t *testing.T, message string) string {
	t.Helper()
	_, rest, found := strings.Cut(message, "--payload '")
	payload, _, closed := strings.Cut(rest, "'")
	if !found || !closed || !strings.Contains(payload, `"word":"yes"`) || !strings.HasPrefix(message, "Pilotlight: fail counter over to us-west-2?") {
		t.Fatalf("people were told %s", message)
	}
	return payload
}

// reply answers at the function's URL, as Lambda passes a request on that the caller
// has signed. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
func (g *ground) reply(caller, body string) string {
	g.t.Helper()
	authorizer := ""
	if caller != "" {
		authorizer = fmt.Sprintf(`"authorizer":{"iam":{"accessKey":"A","accountId":"123456789012","callerId":"C:ada","userArn":%q,"userId":"C:ada"}},`, caller)
	}
	request := fmt.Sprintf(`{"version":"2.0","routeKey":"$default","rawPath":"/","headers":{"content-type":"application/json"},"requestContext":{%s"http":{"method":"POST","path":"/"},"stage":"$default"},"body":%q,"isBase64Encoded":false}`, authorizer, body)
	return string(g.cloud.Host.Invoke(g.t.Context(), names.Function(g.plan.Name, blueprint.AnswerRun), []byte(request), false).Payload)
}
