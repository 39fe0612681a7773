package signal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// states are those of an alarm.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
var states = []string{"OK", "ALARM", "INSUFFICIENT_DATA"}

// longestName is what an alarm's name may have, in bytes.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const longestName = 255

// alarm reads a CloudWatch alarm state change. Alarms of one metric, of several and
// of other alarms, and those of Route 53's health checks, differ in what is configured
// and in nothing that is read here.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
func alarm(event Event) (Signal, error) {
	var detail struct {
		AlarmName string `json:"alarmName"`
		State     struct {
			Value string `json:"value"`
		} `json:"state"`
	}
	if err := json.Unmarshal(event.Detail, &detail); err != nil {
		return Signal{}, failure.BadInputf("the alarm event's detail is malformed: %v", err)
	}
	return changed(detail.AlarmName, event.Region, detail.State.Value, "detail.alarmName, detail.state.value or region")
}

// alarmMessage reads what an alarm's action sends to a topic. It names the region in
// words for people, "US West (Oregon)"; the one that programs know is in the ARN.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func alarmMessage(raw json.RawMessage) (Signal, error) {
	var message struct {
		AlarmName     string
		NewStateValue string
		AlarmArn      string
	}
	if err := json.Unmarshal(raw, &message); err != nil {
		return Signal{}, failure.BadInputf("the alarm's message is malformed: %v", err)
	}
	// arn:partition:cloudwatch:region:account:alarm:name, and a name may have colons.
	arn := strings.SplitN(message.AlarmArn, ":", 7)
	if len(arn) < 7 || arn[0] != "arn" || arn[2] != "cloudwatch" || arn[5] != "alarm" || arn[6] != message.AlarmName {
		return Signal{}, failure.BadInputf("the alarm's message has AlarmArn %.300q, which is not that of alarm %.300q", message.AlarmArn, message.AlarmName)
	}
	return changed(message.AlarmName, arn[3], message.NewStateValue, "AlarmName, NewStateValue or the region in AlarmArn")
}

func changed(name, region, state, fields string) (Signal, error) {
	switch {
	case name == "" || region == "" || state == "":
		return Signal{}, failure.BadInputf("the change of an alarm lacks %s", fields)
	case len(name) > longestName || len(region) > longestName:
		return Signal{}, failure.BadInputf("the change of an alarm has a name or a region of more than %d bytes", longestName)
	case !slices.Contains(states, state):
		return Signal{}, failure.BadInputf("alarm %s went to %.50q, and the states of an alarm are %s", name, state, strings.Join(states, ", "))
	}
	return Signal{Kind: AlarmChange, Region: region, Alarm: name, State: state, Text: fmt.Sprintf("alarm %s in %s went to %s", name, region, state)}, nil
}

// health reads an AWS Health event. The envelope's region is where the event was
// delivered, which may be a backup of the one that is concerned.
// https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html
func health(event Event) (Signal, error) {
	var detail struct {
		Service  string `json:"service"`
		Code     string `json:"eventTypeCode"`
		Category string `json:"eventTypeCategory"`
		Region   string `json:"eventRegion"`
	}
	if err := json.Unmarshal(event.Detail, &detail); err != nil {
		return Signal{}, failure.BadInputf("the AWS Health event's detail is malformed: %v", err)
	}
	for _, field := range []struct{ name, value string }{
		{"service", detail.Service}, {"eventTypeCode", detail.Code}, {"eventTypeCategory", detail.Category}, {"eventRegion", detail.Region},
	} {
		if field.value == "" || len(field.value) > longestName {
			return Signal{}, failure.BadInputf("the AWS Health event has %d bytes in detail.%s; 1 to %d are expected", len(field.value), field.name, longestName)
		}
	}
	return Signal{Kind: HealthEvent, Region: detail.Region,
		Text: fmt.Sprintf("AWS Health tells of %s in %s: %s (%s)", detail.Service, detail.Region, detail.Code, detail.Category)}, nil
}

// tick reads the event of a schedule, which says nothing but that it is time.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
func tick(event Event) (Signal, error) {
	return Signal{Kind: Tick, Region: event.Region, Text: "tick"}, nil
}
