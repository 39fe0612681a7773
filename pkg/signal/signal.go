// Package signal turns what arrives from outside into what a decision can use:
// events of EventBridge, as they are or inside messages of SNS and SQS, and the
// messages that CloudWatch alarms send to a topic.
//
// What arrives is only a nudge to look: it is recognised, ignored with a reason, or
// malformed, and never believed. No signature is checked, no subscription is
// confirmed and nothing is fetched, because nothing hangs on who sent a nudge.
// Nothing here calls AWS.
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

// Kind is what a nudge is about.
type Kind string

// AlarmChange: a CloudWatch alarm, of a metric, of other alarms or of a Route 53
// health check, went from one state to another. HealthEvent: AWS says that something
// is wrong with a service. Tick: a schedule says that it is time to look.
const (
	AlarmChange Kind = "AlarmChange"
	HealthEvent Kind = "HealthEvent"
	Tick        Kind = "Tick"
)

// Signal is a recognised nudge. The zero value is no signal.
type Signal struct {
	Kind   Kind
	Region string // that it is about; "global" of a HealthEvent that is about none
	Alarm  string // name of the alarm; empty unless Kind is AlarmChange
	State  string // "ALARM", "OK" or "INSUFFICIENT_DATA", as the nudge says; decisions re-read it
	Text   string // for the log of a decision
}

// Ignored is why something leads to nothing.
type Ignored struct {
	Cause  Cause
	Reason string
}

// Cause is one of few, so that it can be counted.
type Cause string

// UnknownEvent: no kind of event or message that Pilotlight knows. Subscription: SNS
// asks for a confirmation, which is never given. OtherAlarm and OtherRegion: a signal,
// and none of the plan's.
const (
	UnknownEvent Cause = "UnknownEvent"
	Subscription Cause = "Subscription"
	OtherAlarm   Cause = "OtherAlarm"
	OtherRegion  Cause = "OtherRegion"
)

// The events that Pilotlight looks at; rules are made of the same words.
const (
	AlarmSource    = "aws.cloudwatch"
	AlarmEvent     = "CloudWatch Alarm State Change"
	HealthSource   = "aws.health"
	HealthType     = "AWS Health Event"
	scheduleType   = "Scheduled Event"
	scheduleSource = "aws.events"
	scheduler      = "aws.scheduler"
)

// kinds are the events that Pilotlight knows, by source and detail type. What is
// not here is ignored, in words.
var kinds = map[[2]string]func(Event) (Signal, error){
	{AlarmSource, AlarmEvent}:      alarm,
	{HealthSource, HealthType}:     health,
	{scheduleSource, scheduleType}: tick,
	{scheduler, scheduleType}:      tick,
}

// Parse recognises an event. Exactly one of the answers is set: a signal, a
// reason to ignore it, or an error of class BadInput when a known event is malformed.
func Parse(raw json.RawMessage) (Signal, *Ignored, error) {
	var event Event
	if err := json.Unmarshal(raw, &event); err != nil {
		return Signal{}, nil, failure.BadInputf("this is not an EventBridge event: %v; send one as in events/decide-failover", err)
	}
	read, ok := kinds[[2]string{event.Source, event.DetailType}]
	if !ok {
		return Signal{}, &Ignored{UnknownEvent, fmt.Sprintf("no signal: source %.100q, detail-type %.100q", event.Source, event.DetailType)}, nil
	}
	signal, err := read(event)
	return signal, nil, err
}
