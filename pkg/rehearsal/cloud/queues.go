package cloud

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/mapping"
)

// Scheduler is the name that EventBridge Scheduler calls SQS in.
const Scheduler = "scheduler.amazonaws.com"

// messagesDoubled: every so many messages come once more, as SQS allows itself.
const messagesDoubled = 3

// newMappings takes messages to the functions, as long as ctx lasts.
func (c *Cloud) newMappings() *mapping.Table {
	return mapping.New(mapping.Options{
		Clock: c.Clock, Log: c.log, Config: c.As, Doubles: messagesDoubled,
		Invoke: func(ctx context.Context, function string, payload []byte) front.Result {
			return c.Host.Invoke(ctx, function, payload, false)
		},
	})
}

// QueueURL is where a queue of a region's account is reached.
func (c *Cloud) QueueURL(account, name string) string {
	return c.Front.URL() + "/" + account + "/" + name
}

// Map hands the messages of a queue to a function from now on.
func (c *Cloud) Map(s mapping.Source) { c.mappings.Add(s) }

// fire is what a schedule does when it is due: it invokes a function, or sends a
// message to a queue, which it names by its ARN.
func (c *Cloud) fire(ctx context.Context, target string, input []byte) {
	if arn := strings.Split(target, ":"); len(arn) < 6 || arn[2] != "sqs" {
		c.Host.Invoke(ctx, target, input, true)
		return
	}
	c.send(ctx, Scheduler, target, input)
}

// report sends what a function failed at for good to the queue that it says, in its name.
func (c *Cloud) report(of lambdahost.Function, record []byte) {
	c.send(context.WithoutCancel(c.Gone), of.Deployed, of.OnFailure, record)
}

// send sends a message to a queue, which is named by its ARN, in a role's name. It does
// not wait until it is there.
func (c *Cloud) send(ctx context.Context, role, queue string, message []byte) {
	arn := strings.Split(queue, ":")
	region, account, name := arn[3], arn[4], arn[5]
	c.sending.Add(1)
	go func() {
		defer c.sending.Add(-1)
		_, err := sqs.NewFromConfig(c.As(role, region)).SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: aws.String(c.QueueURL(account, name)), MessageBody: aws.String(string(message)),
		})
		if err != nil && c.Gone.Err() == nil {
			c.log.Error("a message was not sent", "role", role, "queue", name, "err", err)
		}
	}()
}
