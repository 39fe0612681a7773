package mapping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// mostBytes is what an invocation takes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const mostBytes = 6 << 20

// most is what one call takes.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
const most = 10

// record is a message as a function gets it.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type record struct {
	MessageID         string            `json:"messageId"`
	ReceiptHandle     string            `json:"receiptHandle"`
	Body              string            `json:"body"`
	Attributes        map[string]string `json:"attributes"`
	MessageAttributes struct{}          `json:"messageAttributes"`
	MD5OfBody         string            `json:"md5OfBody"`
	EventSource       string            `json:"eventSource"`
	EventSourceARN    string            `json:"eventSourceARN"`
	AWSRegion         string            `json:"awsRegion"`
}

// batch takes what is in a queue, has the function deal with it and deletes what
// it has dealt with. It says when to look again, and when what it left can be seen
// again; zero: there is no reason to, and it left nothing.
func (t *Table) batch(ctx context.Context, s Source) (again, back time.Time) {
	queue := sqs.NewFromConfig(t.options.Config(s.Function, s.Region))
	messages, more, err := receive(ctx, queue, s)
	left := len(messages)
	if err == nil && left > 0 {
		left, err = t.deal(ctx, queue, s, messages)
	}
	if ctx.Err() != nil {
		return time.Time{}, time.Time{}
	}
	now := t.options.Clock.Now()
	if left > 0 {
		back = now.Add(s.Visibility + time.Second)
	}
	switch {
	case err != nil:
		t.options.Log.Error("event source mapping", "queue", s.Name, "err", err)
		again = now.Add(max(s.Window, time.Second))
	case more:
		again = now
	}
	return again, back
}

// receive takes messages until there are no more, or as many as one invocation
// takes; then it says that there may be more.
func receive(ctx context.Context, queue *sqs.Client, s Source) (messages []types.Message, more bool, err error) {
	for size := 0; len(messages) < s.Batch && size < mostBytes/2; { // the other half is for what is around the bodies
		out, err := queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(s.URL), MaxNumberOfMessages: most,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			return messages, false, err
		}
		for _, m := range out.Messages {
			size += len(aws.ToString(m.Body))
		}
		messages = append(messages, out.Messages...)
		if len(out.Messages) < most { // moto has one server, and hides nothing
			return messages, false, nil
		}
	}
	return messages, true, nil
}

// deal invokes the function and deletes what it does not answer as failed. It
// says how many messages stay, or may.
func (t *Table) deal(ctx context.Context, queue *sqs.Client, s Source, messages []types.Message) (kept int, err error) {
	payload, err := json.Marshal(map[string]any{"Records": records(s, messages)})
	if err != nil {
		return len(messages), err
	}
	stay := failed(t.options.Invoke(ctx, s.Function, payload), messages)
	var problems []error
	for _, m := range messages {
		first := m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)] == "1"
		if stay[aws.ToString(m.MessageId)] || first && t.double() {
			kept++
			continue
		}
		if _, err := queue.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(s.URL), ReceiptHandle: m.ReceiptHandle}); err != nil {
			kept++
			problems = append(problems, err)
		}
	}
	return kept, errors.Join(problems...)
}

func records(s Source, messages []types.Message) []record {
	var list []record
	for _, m := range messages {
		list = append(list, record{
			MessageID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle),
			Body: aws.ToString(m.Body), Attributes: m.Attributes, MD5OfBody: aws.ToString(m.MD5OfBody),
			EventSource: "aws:sqs", EventSourceARN: fmt.Sprintf("arn:aws:sqs:%s:%s:%s", s.Region, s.Account, s.Name), AWSRegion: s.Region,
		})
	}
	return list
}

// failed are the messages that an answer does not clear: those that it names, and
// all of them when the function failed or names one that was not in the batch.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func failed(answer front.Result, messages []types.Message) map[string]bool {
	all := map[string]bool{}
	for _, m := range messages {
		all[aws.ToString(m.MessageId)] = true
	}
	var said struct {
		Failures []struct {
			Message string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if answer.FunctionError != "" || answer.NotFound || json.Unmarshal(answer.Payload, &said) != nil {
		return all
	}
	named := map[string]bool{}
	for _, f := range said.Failures {
		if !all[f.Message] {
			return all
		}
		named[f.Message] = true
	}
	return named
}
