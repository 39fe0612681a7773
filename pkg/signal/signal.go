// Package signal turns what arrives from outside into what a decision can use.
// An event is only a nudge to look: it is recognised or ignored with a reason,
// and never believed. Nothing here calls AWS.
package signal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Event is an EventBridge event's envelope.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
type Event struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// Signal is a recognised nudge. The zero value is no signal.
type Signal struct {
	Alarm  string // name
	Region string
	State  string // "ALARM", "OK" or "INSUFFICIENT_DATA", as the event says; decisions re-read it
	Text   string // for the reason of a decision
}

// Ignored is why an event leads to nothing.
type Ignored struct{ Reason string }

// kinds are the events that Pilotlight knows, by source and detail type. What is
// not here is ignored, in words.
var kinds = map[[2]string]func(Event) (Signal, error){
	{"aws.cloudwatch", "CloudWatch Alarm State Change"}: alarm,
}

// Parse recognises an event. Exactly one of the answers is set: a signal, a
// reason to ignore it, or an error when a known event is malformed.
func Parse(raw json.RawMessage) (Signal, *Ignored, error) {
	var event Event
	if err := json.Unmarshal(raw, &event); err != nil {
		return Signal{}, nil, failure.BadInputf("this is not an EventBridge event: %v", err)
	}
	read, ok := kinds[[2]string{event.Source, event.DetailType}]
	if !ok {
		return Signal{}, &Ignored{fmt.Sprintf("no signal: source %q, detail-type %q", event.Source, event.DetailType)}, nil
	}
	signal, err := read(event)
	return signal, nil, err
}

// alarm reads a CloudWatch alarm state change.
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
	if detail.AlarmName == "" || detail.State.Value == "" || event.Region == "" {
		return Signal{}, failure.BadInputf("the alarm event lacks detail.alarmName, detail.state.value or region")
	}
	return Signal{
		Alarm:  detail.AlarmName,
		Region: event.Region,
		State:  detail.State.Value,
		Text:   fmt.Sprintf("alarm %s in %s went to %s", detail.AlarmName, event.Region, detail.State.Value),
	}, nil
}
