package decide_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// deployed is a plan in standby whose alarms have been in ALARM for an hour, and its
// function as it is deployed: with the tick's input, which messages do not bring.
func deployed(t *testing.T) (*ledgertest.Ledger, *sky, decide.Decider, *bytes.Buffer) {
	t.Helper()
	book, above, decider := newWorld(t)
	tick := map[string]any{}
	if err := json.Unmarshal(repository.Events(t, "decide-failover")["tick.json"], &tick); err != nil {
		t.Fatal(err)
	}
	tick["primary"] = "us-east-1"
	raw, err := json.Marshal(tick)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	decider.Deployed, decider.Log = raw, log
	return book, above, decider, log
}

// counted are the metrics of a log: "Decisions Verdict=Start" and how many.
func counted(t *testing.T, log *bytes.Buffer) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	for line := range strings.Lines(log.String()) {
		var root map[string]any
		var about struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		if err := json.Unmarshal([]byte(line), &root); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(line), &about); err != nil {
			t.Fatal(err)
		}
		if about.AWS.Timestamp != noon.UnixMilli() || about.AWS.CloudWatchMetrics[0].Namespace != "Pilotlight/storefront/decisions" {
			t.Errorf("line %s", line)
		}
		directive := about.AWS.CloudWatchMetrics[0]
		dimension, metric := directive.Dimensions[0][0], directive.Metrics[0].Name
		counts[fmt.Sprintf("%s %s=%v", metric, dimension, root[dimension])] += root[metric].(float64)
	}
	return counts
}

func text(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// batch is what Lambda hands over of these bodies; message n has the id "n".
func batch(t *testing.T, bodies ...string) json.RawMessage {
	t.Helper()
	var records []map[string]string
	for i, body := range bodies {
		records = append(records, map[string]string{"messageId": fmt.Sprint(i), "eventSource": "aws:sqs", "body": body})
	}
	return json.RawMessage(text(t, map[string]any{"Records": records}))
}

const said = `{"AlarmName":"storefront-checkout","NewStateValue":"ALARM","AlarmArn":"arn:aws:cloudwatch:us-west-2:123456789012:alarm:storefront-checkout"}`

func TestReceive_startsOneRunWhicheverWayTheNudgeComes(t *testing.T) {
	events := repository.Events(t, "decide-failover")
	for _, name := range []string{"sns-alarm.json", "sqs-batch.json", "sqs-raw.json", "alarm-state-change.json", "scheduled-event.json", "health-event.json", "tick.json"} {
		book, above, decider, log := deployed(t)
		for range 3 {
			if _, err := decider.Receive(t.Context(), events[name]); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if len(above.started) != 1 || starts(book, "storefront-1") != 1 {
			t.Errorf("%s: started %v", name, above.started)
		}
		if diff := cmp.Diff(map[string]float64{"Decisions Verdict=Start": 1, "Decisions Verdict=Ignore": 2}, counted(t, log)); diff != "" {
			t.Errorf("%s: metrics (-want +got):\n%s", name, diff)
		}
	}
}

func TestReceive_looksOnceForABatchAndAnswersThePoison(t *testing.T) {
	_, above, decider, log := deployed(t)
	bodies := []string{"not JSON"}
	for range 7 {
		bodies = append(bodies, said)
	}
	bodies = append(bodies, strings.ReplaceAll(said, "storefront-checkout", "somebody-elses"), strings.Replace(said, `"ALARM"`, `"ON FIRE"`, 1))
	got, err := decider.Receive(t.Context(), batch(t, bodies...))
	if want := `{"batchItemFailures":[{"itemIdentifier":"0"},{"itemIdentifier":"9"}]}`; err != nil || text(t, got) != want {
		t.Errorf("answer %s, error %v; want %s", text(t, got), err, want)
	}
	if len(above.started) != 1 {
		t.Errorf("started %v", above.started)
	}
	if diff := cmp.Diff(map[string]float64{"Decisions Verdict=Start": 1, "Ignored Reason=OtherAlarm": 1}, counted(t, log)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestReceive_answersThatNothingFailedWithAnEmptyList(t *testing.T) {
	_, _, decider, _ := deployed(t)
	got, err := decider.Receive(t.Context(), batch(t, said))
	if err != nil || text(t, got) != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s, error %v", text(t, got), err)
	}
}

func TestReceive_doesNothingForAForgedAlarm(t *testing.T) {
	book, above, decider, log := deployed(t)
	above.other = decide.OK // which is what CloudWatch says, whoever wrote the message
	got, err := decider.Receive(t.Context(), repository.Events(t, "decide-failover")["forged.json"])
	if err != nil || text(t, got) != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s, error %v", text(t, got), err)
	}
	state, _, err := book.State(t.Context(), "storefront")
	if err != nil || state.Posture != run.Standby || state.Version != 0 || state.Alert != nil || len(above.started)+len(above.told) != 0 {
		t.Errorf("state %+v, started %v, told %v, error %v; want a plan that nothing happened to", state, above.started, above.told, err)
	}
	if diff := cmp.Diff(map[string]float64{"Decisions Verdict=Ignore": 1}, counted(t, log)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestReceive_countsWhatItIgnoresAndDoesNotLook(t *testing.T) {
	_, above, decider, log := deployed(t)
	health := string(repository.Events(t, "decide-failover")["health-event.json"])
	var input struct{ Event json.RawMessage }
	if err := json.Unmarshal([]byte(health), &input); err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.Replace(string(input.Event), `"eventRegion": "us-east-1"`, `"eventRegion": "eu-west-1"`, 1)
	got, err := decider.Receive(t.Context(), batch(t, `{}`, `{"hello":1}`, elsewhere, strings.ReplaceAll(said, "us-west-2", "us-east-1"),
		`{"Type":"SubscriptionConfirmation","TopicArn":"t","SubscribeURL":"https://example.com/"}`))
	if err != nil || text(t, got) != `{"batchItemFailures":[]}` || len(above.started) != 0 {
		t.Errorf("answer %s, error %v, started %v", text(t, got), err, above.started)
	}
	want := map[string]float64{"Ignored Reason=UnknownEvent": 2, "Ignored Reason=OtherRegion": 1, "Ignored Reason=OtherAlarm": 1, "Ignored Reason=Subscription": 1}
	if diff := cmp.Diff(want, counted(t, log)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// What is ignored needs no ledger; what is looked at does, and comes again without it.
func TestReceive_isNotHeldUpByALedgerThatIsDown(t *testing.T) {
	book, _, decider, log := deployed(t)
	book.Break = func(string) error { return ledgertest.ErrDown }
	if got, err := decider.Receive(t.Context(), batch(t, `{}`)); err != nil || text(t, got) != `{"batchItemFailures":[]}` || log.Len() != 0 {
		t.Errorf("ignored: answer %s, error %v, log %s", text(t, got), err, log)
	}
	if _, err := decider.Receive(t.Context(), batch(t, `{}`, said)); failure.ClassOf(err) != failure.TryAgain {
		t.Errorf("looked at: error %v; want one that makes SQS deliver the batch again", err)
	}
}

// An event that Lambda or SNS hands over by itself has no message to answer with.
func TestReceive_failsForAMalformedEventThatNoQueueHolds(t *testing.T) {
	for name, raw := range map[string]string{
		"an event":           `{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","region":"us-west-2"}`,
		"a rule's event":     `{"plan":"storefront","event":{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change"}}`,
		"an SNS record":      `{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","Message":"look!"}}]}`,
		"records of nobody":  `{"Records":[{"eventSource":"aws:s3"}]}`,
		"a manual by itself": `{"manual":{"reason":"now"}}`,
	} {
		_, above, decider, _ := deployed(t)
		got, err := decider.Receive(t.Context(), json.RawMessage(raw))
		if failure.ClassOf(err) != failure.BadInput || len(above.started) != 0 {
			t.Errorf("%s: %s, error %v, started %v; want a refusal", name, text(t, got), err, above.started)
		}
	}
}

func TestReceive_refusesMessagesWithoutADeployedInput(t *testing.T) {
	_, _, decider, _ := deployed(t)
	decider.Deployed = nil
	if _, err := decider.Receive(t.Context(), batch(t, said)); failure.ClassOf(err) != failure.BadInput {
		t.Errorf("error %v", err)
	}
}

func FuzzReceive(f *testing.F) {
	for _, raw := range repository.Events(f, "decide-failover") {
		f.Add(raw)
	}
	f.Add([]byte(`{"Records":[{"messageId":"0","eventSource":"aws:sqs","body":""}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		book, above, decider, log := deployed(t)
		above.other = decide.OK
		got, err := decider.Receive(t.Context(), raw)
		state, _, _ := book.State(t.Context(), "storefront")
		if manual := bytes.Contains(bytes.ToLower(raw), []byte(`"manual"`)); !manual && (state.Version != 0 || len(above.started)+len(above.told) != 0) {
			t.Errorf("%q made a decision while all is well: %s, error %v", raw, text(t, got), err)
		}
		if err == nil && got.Output == nil && got.Failed == nil {
			t.Errorf("%q was answered nothing", raw)
		}
		for line := range strings.Lines(log.String()) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%q: the log has %q", raw, line)
			}
		}
	})
}
