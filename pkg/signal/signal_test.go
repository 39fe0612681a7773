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

// functions are those that get events beside their input.
var functions = []string{"decide-failover", "rotate-snapshots", "refresh-images"}

// envelope takes the event out of a function's input; nil when it has none.
func envelope(t testing.TB, raw []byte) json.RawMessage {
	t.Helper()
	var input struct {
		Event json.RawMessage `json:"event"`
	}
	if err := json.Unmarshal(raw, &input); err != nil {
		t.Fatal(err)
	}
	return input.Event
}

func TestParse_recognisesAnAlarm(t *testing.T) {
	raw := envelope(t, repository.Events(t, "decide-failover")["alarm-state-change.json"])
	got, ignored, err := signal.Parse(raw)
	if err != nil || ignored != nil {
		t.Fatalf("ignored %v, error %v", ignored, err)
	}
	want := signal.Signal{Kind: signal.AlarmChange, Alarm: "storefront-checkout", Region: "us-west-2", State: "ALARM", Text: "alarm storefront-checkout in us-west-2 went to ALARM"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signal (-want +got):\n%s", diff)
	}
}

func TestParse_ignoresWhatItDoesNotKnowInWords(t *testing.T) {
	for _, function := range []string{"rotate-snapshots", "refresh-images"} {
		for name, raw := range repository.Events(t, function) {
			event := envelope(t, raw)
			if event == nil {
				continue
			}
			got, ignored, err := signal.Parse(event)
			if err != nil || got != (signal.Signal{}) || ignored == nil || !strings.Contains(ignored.Reason, "aws.ec2") {
				t.Errorf("%s/%s: %+v, ignored %v, error %v; want a reason that names the source", function, name, got, ignored, err)
			}
		}
	}
}

func TestParse_takesAHealthEventAsOfTheRegionThatIsConcerned(t *testing.T) {
	raw := envelope(t, repository.Events(t, "decide-failover")["health-event.json"])
	got, ignored, err := signal.Parse(raw)
	if err != nil || ignored != nil {
		t.Fatalf("ignored %v, error %v", ignored, err)
	}
	want := signal.Signal{Kind: signal.HealthEvent, Region: "us-east-1", Text: "AWS Health tells of EC2 in us-east-1: AWS_EC2_OPERATIONAL_ISSUE (issue)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signal (-want +got):\n%s", diff)
	}
	for _, field := range []string{"service", "eventTypeCode", "eventTypeCategory", "eventRegion"} {
		less := strings.Replace(string(raw), `"`+field+`"`, `"other"`, 1)
		if _, ignored, err := signal.Parse(json.RawMessage(less)); failure.ClassOf(err) != failure.BadInput || ignored != nil || !strings.Contains(err.Error(), field) {
			t.Errorf("without %s: ignored %v, error %v; want a refusal that names it", field, ignored, err)
		}
	}
}

func TestParse_takesATickOfEitherScheduler(t *testing.T) {
	raw := string(envelope(t, repository.Events(t, "decide-failover")["scheduled-event.json"]))
	for _, source := range []string{"aws.events", "aws.scheduler"} {
		got, ignored, err := signal.Parse(json.RawMessage(strings.Replace(raw, "aws.events", source, 1)))
		if err != nil || ignored != nil || got.Kind != signal.Tick {
			t.Errorf("%s: %+v, ignored %v, error %v", source, got, ignored, err)
		}
	}
}

func TestParse_refusesAnAlarmThatSaysTooLittle(t *testing.T) {
	const right = `{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","region":"us-west-2","detail":{"alarmName":"a","state":{"value":"OK"}}}`
	if _, ignored, err := signal.Parse(json.RawMessage(right)); err != nil || ignored != nil {
		t.Fatalf("the event that the others are made from: ignored %v, error %v", ignored, err)
	}
	for name, raw := range map[string]string{
		"no JSON":             `{`,
		"no name":             strings.Replace(right, `"a"`, `""`, 1),
		"no state":            strings.Replace(right, `"OK"`, `""`, 1),
		"no region":           strings.Replace(right, `"us-west-2"`, `""`, 1),
		"another state":       strings.Replace(right, `"OK"`, `"Alarm"`, 1),
		"an endless name":     strings.Replace(right, `"a"`, `"`+strings.Repeat("a", 256)+`"`, 1),
		"a detail of no kind": strings.Replace(right, `{"alarmName":"a","state":{"value":"OK"}}`, `"a"`, 1),
	} {
		got, ignored, err := signal.Parse(json.RawMessage(raw))
		if failure.ClassOf(err) != failure.BadInput || ignored != nil || got != (signal.Signal{}) {
			t.Errorf("%s: %+v, ignored %v, error %v; want a refusal", name, got, ignored, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, function := range functions {
		for _, raw := range repository.Events(f, function) {
			if event := envelope(f, raw); event != nil {
				f.Add([]byte(event))
			}
		}
	}
	for _, raw := range []string{``, `null`, `[]`, `{}`, `{"source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change"}`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ignored, err := signal.Parse(raw)
		one(t, raw, signal.Reading{Signal: got, Ignored: ignored, Err: err})
	})
}
