package signal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/signal"
)

var (
	checkout   = signal.Signal{Kind: signal.AlarmChange, Region: "us-west-2", Alarm: "storefront-checkout", State: "ALARM", Text: "alarm storefront-checkout in us-west-2 went to ALARM"}
	replicaLag = signal.Signal{Kind: signal.AlarmChange, Region: "us-west-2", Alarm: "storefront-replica-lag", State: "ALARM", Text: "alarm storefront-replica-lag in us-west-2 went to ALARM"}
	trouble    = signal.Signal{Kind: signal.HealthEvent, Region: "us-east-1", Text: "AWS Health tells of EC2 in us-east-1: AWS_EC2_OPERATIONAL_ISSUE (issue)"}
)

func TestRead_takesOffEveryEnvelope(t *testing.T) {
	events := repository.Events(t, "decide-failover")
	for name, want := range map[string][]signal.Reading{
		"sns-alarm.json": {{Signal: checkout}},
		"sqs-batch.json": {
			{Message: "059f36b4-87a3-44ab-83d2-661975830a7d", Signal: checkout},
			{Message: "2e1424d4-f796-459a-8184-9c92662be6da", Signal: replicaLag},
			{Message: "8a1f3c5d-2b4e-4f60-9a7c-5d6e7f8091a2", Signal: trouble},
		},
		"sqs-raw.json": {{Message: "6b1f7a02-0d3c-4f57-8a11-6b7c8d9e0f1a", Signal: replicaLag}},
		"sqs-subscription.json": {{Message: "3d0c8a55-72a1-4a29-8ae9-0d6f2f9b9c10", Ignored: &signal.Ignored{Cause: signal.Subscription,
			Reason: `SNS asks to confirm what topic "arn:aws:sns:us-west-2:123456789012:pilotlight-storefront-signals" is to send: nothing is ever confirmed`}}},
	} {
		got, ok := signal.Read(events[name])
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s: ok %v (-want +got):\n%s", name, ok, diff)
		}
	}
}

// The events of a rule without an InputTransformer come by themselves.
func TestRead_takesAnEventByItself(t *testing.T) {
	events := repository.Events(t, "decide-failover")
	for name, want := range map[string]signal.Signal{
		"alarm-state-change.json": checkout,
		"health-event.json":       trouble,
		"composite-alarm.json":    {Kind: signal.AlarmChange, Region: "us-west-2", Alarm: "storefront-down", State: "ALARM", Text: "alarm storefront-down in us-west-2 went to ALARM"},
		"route-53-alarm.json":     {Kind: signal.AlarmChange, Region: "us-east-1", Alarm: "storefront-home", State: "ALARM", Text: "alarm storefront-home in us-east-1 went to ALARM"},
		"scheduled-event.json":    {Kind: signal.Tick, Region: "us-west-2", Text: "tick"},
	} {
		got, ok := signal.Read(envelope(t, events[name]))
		if diff := cmp.Diff([]signal.Reading{{Signal: want}}, got); !ok || diff != "" {
			t.Errorf("%s: ok %v (-want +got):\n%s", name, ok, diff)
		}
	}
}

func TestRead_isNotOkWithWhatHoldsNoMessages(t *testing.T) {
	for _, name := range []string{"tick.json", "manual.json", "alarm-state-change.json"} {
		if got, ok := signal.Read(repository.Events(t, "decide-failover")[name]); ok {
			t.Errorf("%s is an input of its own, and was read as %+v", name, got)
		}
	}
	const one = `{"Records":[{"messageId":"m","eventSource":"aws:sqs","body":"{}"}]}`
	if _, ok := signal.Read(json.RawMessage(one)); !ok {
		t.Fatal("the batch that the others are made from was not read")
	}
	for name, raw := range map[string]string{
		"nothing":               ``,
		"null":                  `null`,
		"a list":                `[]`,
		"no records":            `{"Records":[]}`,
		"records of nobody":     `{"Records":[{"messageId":"m","body":"{}"}]}`,
		"another service's":     strings.Replace(one, "aws:sqs", "aws:s3", 1),
		"a message without id":  strings.Replace(one, `"m"`, `""`, 1),
		"something beside them": strings.Replace(one, `]}`, `],"plan":"storefront"}`, 1),
		"two sources":           strings.Replace(one, `]}`, `,{"EventSource":"aws:sns","Sns":{}}]}`, 1),
	} {
		if got, ok := signal.Read(json.RawMessage(raw)); ok {
			t.Errorf("%s was read as %+v", name, got)
		}
	}
}

func TestMessages_areOfABatchOfSQSAndOldUnlessTheySayWhenTheyWereSent(t *testing.T) {
	const batch = `{"Records":[{"messageId":"m","eventSource":"aws:sqs","body":"b","attributes":{"SentTimestamp":"%s"}}]}`
	for sent, want := range map[string]int64{"1795316832420": 1795316832420, "": 0, "soon": 0, "-7": 0} {
		got, ok := signal.Messages(json.RawMessage(strings.Replace(batch, "%s", sent, 1)))
		if diff := cmp.Diff([]signal.Message{{ID: "m", Body: "b", Sent: want}}, got); !ok || diff != "" {
			t.Errorf("sent %q: ok %v (-want +got):\n%s", sent, ok, diff)
		}
	}
	if got, ok := signal.Messages(repository.Events(t, "decide-failover")["sns-alarm.json"]); ok {
		t.Errorf("what SNS hands over was read as %+v", got)
	}
}

// body is a batch of one message.
func body(t testing.TB, text string) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"Records": []any{map[string]string{"messageId": "m", "eventSource": "aws:sqs", "body": text}}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// notification is what SNS sends of a message.
func notification(t testing.TB, message string) string {
	t.Helper()
	raw, err := json.Marshal(map[string]string{"Type": "Notification", "TopicArn": "arn:aws:sns:us-west-2:123456789012:t", "Message": message})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestRead_tellsMalformedFromUnknown(t *testing.T) {
	const said = `{"AlarmName":"a","NewStateValue":"OK","AlarmArn":"arn:aws:cloudwatch:us-west-2:123456789012:alarm:a"}`
	for name, c := range map[string]struct {
		text  string
		cause signal.Cause // "": malformed
	}{
		"nothing":                          {``, ""},
		"null":                             {`null`, ""},
		"a text":                           {`please look`, ""},
		"a text in a notification":         {notification(t, `please look`), ""},
		"an empty notification":            {notification(t, ``), ""},
		"an object":                        {`{}`, signal.UnknownEvent},
		"an object in a notification":      {notification(t, `{"hello":1}`), signal.UnknownEvent},
		"a notification in a notification": {notification(t, notification(t, said)), signal.UnknownEvent},
		"another event":                    {`{"source":"aws.ec2","detail-type":"EC2 Instance State-change Notification"}`, signal.UnknownEvent},
		"an event without a source":        {`{"detail-type":"CloudWatch Alarm State Change"}`, signal.UnknownEvent},
		"another type of SNS":              {strings.Replace(notification(t, said), "Notification", "Invitation", 1), ""},
		"the end of a subscription":        {strings.Replace(notification(t, said), "Notification", "UnsubscribeConfirmation", 1), signal.Subscription},
		"an alarm without an ARN":          {strings.Replace(said, "AlarmArn", "AlarmUrn", 1), ""},
		"an alarm with another's ARN":      {strings.Replace(said, "alarm:a", "alarm:b", 1), ""},
		"an alarm with a topic's ARN":      {strings.Replace(said, "cloudwatch", "sns", 1), ""},
		"an alarm nowhere":                 {strings.Replace(said, "us-west-2", "", 1), ""},
		"an alarm in another state":        {strings.Replace(said, `"OK"`, `"FINE"`, 1), ""},
		"an alarm whose name is a number":  {strings.Replace(said, `"a"`, `7`, 1), ""},
	} {
		got, ok := signal.Read(body(t, c.text))
		if !ok || len(got) != 1 || got[0].Message != "m" || got[0].Signal != (signal.Signal{}) {
			t.Errorf("%s: %+v, ok %v; want one reading without a signal", name, got, ok)
			continue
		}
		if c.cause == "" && failure.ClassOf(got[0].Err) != failure.BadInput {
			t.Errorf("%s: %+v; want a refusal", name, got[0])
		}
		if c.cause != "" && (got[0].Ignored == nil || got[0].Ignored.Cause != c.cause || got[0].Ignored.Reason == "") {
			t.Errorf("%s: %+v; want it ignored for %s", name, got[0], c.cause)
		}
	}
}

func TestRead_takesAnAlarmWhoseNameHasColons(t *testing.T) {
	got, ok := signal.Read(body(t, `{"AlarmName":"a:b","NewStateValue":"OK","AlarmArn":"arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:a:b"}`))
	want := signal.Signal{Kind: signal.AlarmChange, Region: "cn-north-1", Alarm: "a:b", State: "OK", Text: "alarm a:b in cn-north-1 went to OK"}
	if diff := cmp.Diff([]signal.Reading{{Message: "m", Signal: want}}, got); !ok || diff != "" {
		t.Errorf("ok %v (-want +got):\n%s", ok, diff)
	}
}

// one holds a reading to its promise.
func one(t *testing.T, raw []byte, r signal.Reading) {
	t.Helper()
	answers := 0
	for _, set := range []bool{r.Signal != (signal.Signal{}), r.Ignored != nil, r.Err != nil} {
		if set {
			answers++
		}
	}
	if answers != 1 {
		t.Errorf("%q: %+v; want exactly one answer", raw, r)
	}
	if r.Err != nil && failure.ClassOf(r.Err) != failure.BadInput {
		t.Errorf("%q: %v is no refusal", raw, r.Err)
	}
	if r.Ignored != nil && (r.Ignored.Cause == "" || r.Ignored.Reason == "") {
		t.Errorf("%q was ignored without a reason", raw)
	}
	s := r.Signal
	switch s.Kind {
	case signal.AlarmChange:
		if s.Alarm == "" || s.Region == "" || s.State != "OK" && s.State != "ALARM" && s.State != "INSUFFICIENT_DATA" {
			t.Errorf("%q: half a signal: %+v", raw, s)
		}
	case signal.HealthEvent:
		if s.Region == "" || s.Alarm != "" || s.State != "" {
			t.Errorf("%q: no health event: %+v", raw, s)
		}
	}
	if s != (signal.Signal{}) && (s.Kind == "" || s.Text == "" || len(s.Text) > 2000) {
		t.Errorf("%q: a signal that nobody could log: %+v", raw, s)
	}
}

func FuzzRead(f *testing.F) {
	for _, function := range functions {
		for _, raw := range repository.Events(f, function) {
			f.Add(raw)
			if event := envelope(f, raw); event != nil {
				f.Add([]byte(event))
			}
		}
	}
	for _, text := range []string{``, `{}`, notification(f, `{}`), notification(f, notification(f, `{}`))} {
		f.Add([]byte(body(f, text)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		readings, ok := signal.Read(raw)
		if ok != (len(readings) > 0) {
			t.Errorf("%q: ok %v with %d readings", raw, ok, len(readings))
		}
		for _, r := range readings {
			one(t, raw, r)
		}
	})
}

// FuzzReadBody looks deeper: what anybody may put into a message.
func FuzzReadBody(f *testing.F) {
	for _, raw := range repository.Events(f, "decide-failover") {
		var batch struct{ Records []struct{ Body string } }
		if json.Unmarshal(raw, &batch) == nil {
			for _, record := range batch.Records {
				f.Add(record.Body)
			}
		}
		if event := envelope(f, raw); event != nil {
			f.Add(string(event))
			f.Add(notification(f, string(event)))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		readings, ok := signal.Read(body(t, text))
		if !ok || len(readings) != 1 {
			t.Fatalf("%q: ok %v, %d readings", text, ok, len(readings))
		}
		one(t, []byte(text), readings[0])
	})
}
