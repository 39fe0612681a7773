package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/names"
)

// Whoever publishes makes decide-failover look, and nothing more; still, nobody but the
// account and its alarms is let in.
func TestTopics_takeFromTheAccountAndItsAlarmsAlone(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string][]string{}, map[string][]string{}
		for id := range s.ofType("AWS::SNS::Topic") {
			got[s.nameOf(id)] = nil
		}
		for _, r := range s.ofType("AWS::SNS::TopicPolicy") {
			topics, _ := r.Properties["Topics"].([]any)
			document, _ := r.Properties["PolicyDocument"].(map[string]any)
			for _, topic := range topics {
				name := s.render(topic)[2 : len(s.render(topic))-1]
				for _, raw := range document["Statement"].([]any) {
					statement := raw.(map[string]any)
					principal, _ := statement["Principal"].(map[string]any)
					if principal["AWS"] != nil {
						principal = map[string]any{"AWS": s.render(principal["AWS"])}
					}
					if on := s.render(statement["Resource"]); on != "${"+name+"}" {
						t.Errorf("a statement of topic %s is about %s", name, on)
					}
					got[name] = append(got[name], fmt.Sprint(statement["Effect"], " ", asJSON(t, principal), " ", statement["Action"], " ", s.renderCondition(statement)))
				}
			}
		}
		for _, f := range s.blueprint.Functions {
			if f.Queue != nil && f.Queue.Topic != "" {
				want[f.Queue.Topic] = []string{
					`Allow {"Service":"cloudwatch.amazonaws.com"} sns:Publish StringEquals aws:SourceAccount ${AWS::AccountId}`,
					`Allow {"AWS":"arn:${AWS::Partition}:iam::${AWS::AccountId}:root"} sns:Publish `,
					`Deny {"AWS":"*"} sns:Publish Bool aws:SecureTransport false`,
				}
			}
		}
		for _, statements := range []map[string][]string{got, want} {
			for topic := range statements {
				slices.Sort(statements[topic])
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +template):\n%s", diff)
		}
	}, "recovery")
}

// A message over HTTP would come from whoever knows the address.
func TestTopics_sendToTheirQueuesAlone(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]string{}, map[string]string{}
		for _, r := range s.ofType("AWS::SNS::Subscription") {
			got[s.render(r.Properties["TopicArn"])] = fmt.Sprint(r.Properties["Protocol"], " ", s.render(r.Properties["Endpoint"]))
		}
		for _, f := range s.blueprint.Functions {
			if f.Queue != nil && f.Queue.Topic != "" {
				want["${"+f.Queue.Topic+"}"] = "sqs ${" + f.Queue.Name + ":queue.Arn}"
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery")
	forEvery(t, func(t *testing.T, s stack) {
		if n := len(s.ofType("AWS::SNS::Subscription")); n > 0 {
			t.Errorf("%d subscriptions where no topic is", n)
		}
	}, "primary", "traffic", "vantage")
}

func TestFunctions_thatATopicIsBeforeReportWhatTheyFailAt(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]string{}, map[string]string{}
		for _, r := range s.ofType("AWS::Lambda::EventInvokeConfig") {
			to, _ := r.Properties["DestinationConfig"].(map[string]any)
			failed, _ := to["OnFailure"].(map[string]any)
			got[s.render(r.Properties["FunctionName"])] = fmt.Sprint(r.Properties["Qualifier"], " ", s.render(failed["Destination"]))
		}
		for _, f := range s.blueprint.Functions {
			if f.Queue != nil && f.Queue.Topic != "" {
				want["${"+f.Deployed+"}"] = "$LATEST ${" + f.Queue.DeadLetter + ":queue.Arn}"
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery")
}

func TestFunctions_haveTheirInputAndNothingElseInTheirEnvironment(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]any{}, map[string]any{}
		for id, r := range s.ofType("AWS::Lambda::Function") {
			if environment, ok := r.Properties["Environment"].(map[string]any); ok {
				got[s.nameOf(id)] = environment["Variables"]
			}
		}
		for _, f := range s.blueprint.Functions {
			if f.Input != "" {
				want[f.Deployed] = map[string]any{names.Input: f.Input}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery", "vantage")
}
