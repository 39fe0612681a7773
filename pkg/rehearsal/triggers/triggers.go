// Package triggers fires many copies of one disaster's triggers at a deployed plan, by
// every way in at once, while decide-failover dies at its calls, and says what came of
// them. A test holds it to its promises, and the bench writes down its figures.
package triggers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/deploy"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

const (
	west    = "us-west-2"
	shop    = "shop"
	machine = "pilotlight-" + shop
	text    = `
plan: shop
strategy: pilot-light
primary: us-east-1
recovery: us-west-2
notify: on-call
objectives: {rto: 30m, rpo: 1h}
detect:
  mode: automatic
  hold: 0s
  alarms:
    - {name: shop-checkout, region: us-west-2}
    - {name: shop-probe, region: us-west-2}
recover:
  - set-parameter: {name: /shop/side, value: recovery}
`
)

var decider = names.Function(shop, "decide-failover")

// Stage is the plan, deployed, with its alarms in OK and its schedules stopped.
type Stage struct {
	*cloud.Cloud
	tick    []byte // what the schedule would send
	nudge   string // what the rule would, an event in the place of blueprint.EventToken
	sent    int
	lost    atomic.Int64 // see Outcome.Lost
	problem error        // the first of what a trigger met on its way in
	mu      sync.Mutex
}

// Open builds and deploys.
func Open(ctx context.Context, root string) (*Stage, error) {
	p, findings := plan.Load("shop.yaml", []byte(strings.TrimPrefix(text, "\n")))
	if p == nil {
		return nil, fmt.Errorf("%s", findings)
	}
	b, err := blueprint.Compile(p)
	if err != nil {
		return nil, err
	}
	c, err := cloud.Start(ctx, cloud.Options{Root: root, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	s := &Stage{Cloud: c}
	for _, schedule := range b.Schedules {
		if schedule.Function == "decide-failover" {
			s.tick = []byte(schedule.Input)
		}
	}
	for _, rule := range b.Rules {
		if rule.Function == "decide-failover" && strings.HasSuffix(rule.Name, "-alarms") {
			s.nudge = rule.Input
		}
	}
	if err := s.deploy(ctx, p, b); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

func (s *Stage) deploy(ctx context.Context, p *plan.Plan, b *blueprint.Blueprint) error {
	if _, err := sns.NewFromConfig(s.As("team", west)).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String(p.Notify)}); err != nil {
		return err
	}
	if err := s.alarms(ctx, p, cwtypes.StateValueOk); err != nil {
		return err
	}
	if _, _, err := deploy.Apply(ctx, s.Cloud, b); err != nil {
		return err
	}
	return s.ready(ctx)
}

// ready notes what the checks would have found: nothing.
func (s *Stage) ready(ctx context.Context) error {
	answer := s.Host.Invoke(ctx, names.Function(shop, "set-parameter"), []byte(`{"op":"check","plan":"shop","step":"set-parameter","kind":"set-parameter","primary":"us-east-1","recovery":"us-west-2","timeout":"1h","spec":{"name":"/shop/side","value":"recovery"}}`), false)
	if answer.FunctionError != "" {
		return fmt.Errorf("check the step: %s", answer.Payload)
	}
	return nil
}

func (s *Stage) alarms(ctx context.Context, p *plan.Plan, state cwtypes.StateValue) error {
	watch := cloudwatch.NewFromConfig(s.As("team", west))
	for _, alarm := range p.Detect.Alarms {
		if _, err := watch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(alarm.Name), Namespace: aws.String("Shop"), MetricName: aws.String(alarm.Name), Statistic: cwtypes.StatisticMaximum,
			Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold,
		}); err != nil {
			return err
		}
		if err := s.turn(ctx, alarm.Name, state); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) turn(ctx context.Context, alarm string, state cwtypes.StateValue) error {
	_, err := cloudwatch.NewFromConfig(s.As("team", west)).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(alarm), StateValue: state, StateReason: aws.String("Threshold Crossed"),
	})
	return err
}

// both are the plan's alarms.
var both = []string{"shop-checkout", "shop-probe"}

// disaster lets both alarms go off.
func (s *Stage) disaster(ctx context.Context) error {
	for _, alarm := range both {
		if err := s.turn(ctx, alarm, cwtypes.StateValueAlarm); err != nil {
			return err
		}
	}
	return nil
}

// Fire lets both alarms go off, and sends as many triggers as asked, of three kinds,
// shuffled, sixteen at a time. Meanwhile decide-failover dies at some of its calls.
func (s *Stage) Fire(ctx context.Context, triggers int) error {
	often := max(1, triggers/300) // each ends all processes, and Lambda gives an event up at its third failure
	for _, call := range []front.Fault{
		{Action: "PutItem", Times: often, AfterActing: true}, {Action: "GetItem", Times: often}, {Action: "DescribeAlarms", Times: often},
		{Action: "StartExecution", Times: 1, AfterActing: true}, {Action: "StartExecution", Times: 1},
	} {
		call.Role, call.Code, call.Status, call.Message = decider, "InternalFailure", 500, "injected"
		call.Then = func() { s.Host.Kill(decider) }
		s.Front.Inject(call)
	}
	if err := s.disaster(ctx); err != nil {
		return err
	}
	kinds := make([]func(context.Context, string) error, triggers)
	for i := range kinds {
		kinds[i] = []func(context.Context, string) error{s.byRule, s.byTopic, s.byQueue}[i%3]
	}
	rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	waiting := make(chan int, len(kinds))
	for i := range kinds {
		waiting <- i
	}
	close(waiting)
	var sending sync.WaitGroup
	for range 16 {
		sending.Go(func() {
			for i := range waiting {
				s.note(kinds[i](ctx, both[i%2]))
			}
		})
	}
	sending.Wait()
	return s.problem
}

func (s *Stage) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	if s.problem == nil {
		s.problem = err
	}
}

func event(alarm string) string {
	return fmt.Sprintf(`{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","region":%q,"detail":{"alarmName":%q,"state":{"value":"ALARM"}}}`, west, alarm)
}

// mostAtOnce is how many functions this machine starts side by side. AWS would start
// them all; here they would only wait for each other.
const mostAtOnce = 12

// byRule is EventBridge's asynchronous invocation.
func (s *Stage) byRule(ctx context.Context, alarm string) error {
	for s.Host.InFlight() > mostAtOnce {
		if err := s.Clock.Wait(ctx, time.Second); err != nil {
			return err
		}
	}
	answer := s.Host.Invoke(ctx, decider, []byte(strings.Replace(s.nudge, blueprint.EventToken, event(alarm), 1)), true)
	if answer.FunctionError != "" {
		return fmt.Errorf("invoke %s: %s", decider, answer.Payload)
	}
	return nil
}

func (s *Stage) byTopic(ctx context.Context, alarm string) error {
	message := fmt.Sprintf(`{"AlarmName":%q,"NewStateValue":"ALARM","Region":"US West (Oregon)","AlarmArn":"arn:aws:cloudwatch:%s:%s:alarm:%[1]s"}`, alarm, west, cloud.Account)
	_, err := sns.NewFromConfig(s.As("team", west)).Publish(ctx, &sns.PublishInput{
		TopicArn: aws.String("arn:aws:sns:" + west + ":" + cloud.Account + ":" + names.Signals(shop)), Message: aws.String(message),
	})
	return err
}

func (s *Stage) byQueue(ctx context.Context, alarm string) error {
	_, err := sqs.NewFromConfig(s.As("team", west)).SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: aws.String(s.QueueURL(cloud.Account, decider)), MessageBody: aws.String(event(alarm)),
	})
	return err
}

// Tick is the schedule's, a minute later.
func (s *Stage) Tick(ctx context.Context) error {
	if err := s.Clock.Jump(time.Minute); err != nil {
		return err
	}
	return s.look(ctx)
}

// Memory is the most that each function of the plan has had in memory, in MiB, of those
// whose process is still there: Linux says so of each.
// https://docs.kernel.org/filesystems/proc.html
func Memory() (map[string]float64, error) {
	most := map[string]float64{}
	processes, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return nil, err
	}
	for _, status := range processes {
		program, err := os.Readlink(filepath.Join(filepath.Dir(status), "exe"))
		if err != nil || filepath.Base(program) != "bootstrap" {
			continue // it is gone, or somebody else's
		}
		raw, err := os.ReadFile(status)
		if err != nil {
			continue
		}
		_, after, _ := strings.Cut(string(raw), "VmHWM:")
		kib := 0.0
		if _, err := fmt.Sscan(after, &kib); err == nil {
			function := filepath.Base(filepath.Dir(program))
			most[function] = max(most[function], kib/1024)
		}
	}
	return most, nil
}
