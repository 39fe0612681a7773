package signal

import (
	"encoding/json"
	"strconv"
)

// Message is what is read of an SQS message.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type Message struct {
	ID   string
	Body string
	Sent int64 // milliseconds since 1970; zero: it does not say
}

// Failed is a message that SQS shall deliver again, and after enough times move
// to the dead-letter queue.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
type Failed struct {
	Message string `json:"itemIdentifier"` // its ID
}

// Messages are those of a batch that Lambda hands over from SQS. What has anything
// beside them, or comes from elsewhere, is none: it is not ok.
func Messages(raw json.RawMessage) (messages []Message, ok bool) {
	records, ok := recordsOf(raw)
	if !ok {
		return nil, false
	}
	for _, r := range records {
		if r.Source != "aws:sqs" || r.ID == "" {
			return nil, false
		}
		sent, err := strconv.ParseInt(r.Attributes.Sent, 10, 64)
		if err != nil {
			sent = 0
		}
		messages = append(messages, Message{r.ID, r.Body, max(sent, 0)})
	}
	return messages, true
}

// record is one of what Lambda hands over. SNS spells its keys with a capital letter
// and SQS does not; Go's decoder reads both.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
type record struct {
	Source     string `json:"eventSource"`
	ID         string `json:"messageId"`
	Body       string `json:"body"`
	Attributes struct {
		Sent string `json:"SentTimestamp"`
	} `json:"attributes"`
	SNS json.RawMessage `json:"Sns"`
}

// recordsOf are the records of an event that has nothing else, one at least.
func recordsOf(raw json.RawMessage) ([]record, bool) {
	fields, err := object(raw)
	if err != nil || len(fields) != 1 {
		return nil, false
	}
	var records []record
	if err := json.Unmarshal(fields["Records"], &records); err != nil || len(records) == 0 {
		return nil, false
	}
	return records, true
}
