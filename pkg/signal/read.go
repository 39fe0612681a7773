package signal

import (
	"encoding/json"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Reading is what one event or message was found to be: of Signal, Ignored and Err,
// which is of class BadInput, exactly one is set.
type Reading struct {
	Message string // SQS's id of the message, by which it is answered; empty: it came otherwise
	Signal  Signal
	Ignored *Ignored
	Err     error
}

// Of reads an event that came in a field of something else.
func Of(event json.RawMessage) Reading {
	return reading("", Parse, event)
}

func reading(message string, read func(json.RawMessage) (Signal, *Ignored, error), raw json.RawMessage) Reading {
	signal, ignored, err := read(raw)
	return Reading{message, signal, ignored, err}
}

// Read takes off what Lambda, SQS and SNS put around events and alarms' messages. It
// takes an event by itself, and the messages that Lambda hands over from SNS or from
// SQS; it is not ok with anything else. What one message is changes nothing of the others.
func Read(raw json.RawMessage) (readings []Reading, ok bool) {
	if fields, err := object(raw); err == nil && fields["detail-type"] != nil && fields["source"] != nil {
		return []Reading{Of(raw)}, true
	}
	if messages, ok := Messages(raw); ok {
		for _, m := range messages {
			readings = append(readings, reading(m.ID, message, json.RawMessage(m.Body)))
		}
		return readings, true
	}
	records, ok := recordsOf(raw)
	for _, r := range records {
		if r.Source != "aws:sns" {
			return nil, false
		}
		readings = append(readings, reading("", notification, r.SNS))
	}
	return readings, ok
}

// message reads the body of an SQS message. SNS puts its own envelope there, unless
// its subscription is told to deliver the message raw.
// https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
func message(raw json.RawMessage) (Signal, *Ignored, error) {
	fields, err := object(raw)
	if err != nil {
		return Signal{}, nil, err
	}
	if fields["Type"] != nil && fields["TopicArn"] != nil {
		return notification(raw)
	}
	return content(raw)
}

// notification reads what SNS delivers.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
func notification(raw json.RawMessage) (Signal, *Ignored, error) {
	var envelope struct{ Type, TopicArn, Message string }
	if err := json.Unmarshal(raw, &envelope); err != nil {
		return Signal{}, nil, failure.BadInputf("this is no notification of SNS: %v", err)
	}
	switch envelope.Type {
	case "Notification":
		return content(json.RawMessage(envelope.Message))
	case "SubscriptionConfirmation", "UnsubscribeConfirmation":
		return Signal{}, &Ignored{Subscription, fmt.Sprintf("SNS asks to confirm what topic %.300q is to send: nothing is ever confirmed", envelope.TopicArn)}, nil
	}
	return Signal{}, nil, failure.BadInputf("SNS sends no type %.50q: Notification, SubscriptionConfirmation or UnsubscribeConfirmation is expected", envelope.Type)
}

// content reads what is in all envelopes: an event, or an alarm's own message. Which
// of them it is its keys say.
func content(raw json.RawMessage) (Signal, *Ignored, error) {
	fields, err := object(raw)
	if err != nil {
		return Signal{}, nil, err
	}
	switch {
	case fields["detail-type"] != nil:
		return Parse(raw)
	case fields["AlarmName"] != nil && fields["NewStateValue"] != nil:
		signal, err := alarmMessage(raw)
		return signal, nil, err
	}
	return Signal{}, &Ignored{UnknownEvent, "no signal: neither an EventBridge event nor the message of an alarm"}, nil
}

// object is a JSON object's members, by their exact keys.
func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, failure.BadInputf("this is no JSON object, and every event and every alarm's message is one")
	}
	return fields, nil
}
