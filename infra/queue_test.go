package main

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQueues_areTheBlueprints(t *testing.T) {
	type queue struct {
		Visibility, Keep any
		Encrypted        any
		Dead             string
	}
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]queue{}, map[string]queue{}
		for id, r := range s.ofType("AWS::SQS::Queue") {
			q := queue{r.Properties["VisibilityTimeout"], r.Properties["MessageRetentionPeriod"], r.Properties["SqsManagedSseEnabled"], ""}
			if redrive, ok := r.Properties["RedrivePolicy"].(map[string]any); ok {
				q.Dead = fmt.Sprint(s.render(redrive["deadLetterTargetArn"]), " after ", redrive["maxReceiveCount"])
			}
			got[s.nameOf(id)] = q
		}
		for _, f := range s.blueprint.Functions {
			if q := f.Queue; q != nil {
				dead := fmt.Sprint("${", q.DeadLetter, ":queue.Arn} after ", q.Receives)
				want[q.Name+":queue"] = queue{q.Visibility.Seconds(), q.Keep.Seconds(), true, dead}
				want[q.DeadLetter+":queue"] = queue{nil, q.KeepDead.Seconds(), true, ""}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery")
}

func TestQueues_areTakenFromByTheirFunctions(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]string{}, map[string]string{}
		for _, r := range s.ofType("AWS::Lambda::EventSourceMapping") {
			p := r.Properties
			scaling, _ := p["ScalingConfig"].(map[string]any)
			got[s.render(p["EventSourceArn"])] = fmt.Sprintln(s.render(p["FunctionName"]), p["BatchSize"], p["MaximumBatchingWindowInSeconds"],
				p["FunctionResponseTypes"], scaling["MaximumConcurrency"])
		}
		for _, f := range s.blueprint.Functions {
			if q := f.Queue; q != nil {
				want["${"+q.Name+":queue.Arn}"] = fmt.Sprintln("${"+f.Deployed+".Arn}", q.Batch, q.Window.Seconds(), "[ReportBatchItemFailures]", q.Concurrent)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery")
}

// What a queue's own policy says: nobody without TLS, and of those who are no role
// of ours, EventBridge for one of the plan's rules, or SNS for the plan's topic.
func TestQueues_letRulesOrATopicInAndNobodyWithoutTLS(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string][]string{}, map[string][]string{}
		for _, r := range s.ofType("AWS::SQS::QueuePolicy") {
			queues, _ := r.Properties["Queues"].([]any)
			document, _ := r.Properties["PolicyDocument"].(map[string]any)
			for _, queue := range queues {
				for _, raw := range document["Statement"].([]any) {
					statement := raw.(map[string]any)
					got[s.render(queue)] = append(got[s.render(queue)], fmt.Sprint(statement["Effect"], " ", asJSON(t, statement["Principal"]), " ", statement["Action"], " ", s.renderCondition(statement)))
				}
			}
		}
		const tls = `Deny {"AWS":"*"} sqs:* Bool aws:SecureTransport false`
		for _, f := range s.blueprint.Functions {
			if q := f.Queue; q != nil {
				want["${"+q.Name+":queue}"], want["${"+q.DeadLetter+":queue}"] = []string{tls}, []string{tls}
				if q.Topic != "" {
					at := "${" + q.Name + ":queue}"
					want[at] = append(want[at], `Allow {"Service":"sns.amazonaws.com"} sqs:SendMessage ArnEquals aws:SourceArn ${`+q.Topic+`}`)
				}
			}
		}
		for _, rule := range s.blueprint.Rules {
			if q := s.blueprint.QueueOf(rule.Function); q != nil {
				at := "${" + q.Name + ":queue}"
				want[at] = append(want[at], `Allow {"Service":"events.amazonaws.com"} sqs:SendMessage ArnEquals aws:SourceArn ${`+rule.Name+`.Arn}`)
			}
		}
		for _, statements := range []map[string][]string{got, want} {
			for queue := range statements {
				slices.Sort(statements[queue])
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +template):\n%s", diff)
		}
	}, "recovery")
}

// renderCondition is a statement's only condition.
func (s stack) renderCondition(statement map[string]any) string {
	condition, _ := statement["Condition"].(map[string]any)
	text := ""
	for _, operator := range slices.Sorted(maps.Keys(condition)) {
		keys := condition[operator].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			text += operator + " " + key + " " + s.render(keys[key])
		}
	}
	return text
}
