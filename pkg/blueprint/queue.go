package blueprint

import (
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// Queue stands before a function, and Lambda hands the messages of a window over
// together. Before a pass, its schedules and rules send them, so that a burst of events
// leads to one pass a policy: docs/adr/0006-a-queue-before-the-passes.md has the
// reasons for its numbers.
type Queue struct {
	// Topic is the SNS topic that alone sends to it; empty: schedules and rules do. With
	// one they invoke the function directly, and what it fails at for good goes to the
	// dead-letter queue as well.
	Topic      string
	Name       string
	DeadLetter string        // name of the queue for what nobody could deal with
	Window     time.Duration // Lambda waits so long for more messages before it invokes
	Batch      int           // messages at most in one invocation
	Concurrent int           // batches at most in flight
	Visibility time.Duration // a message that was not dealt with comes back after it
	Receives   int           // so often a message is handed over before it is dead
	Keep       time.Duration // a message that nobody takes is forgotten after it
	KeepDead   time.Duration // the same in the dead-letter queue
}

const (
	window = 20 * time.Second

	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
	largestBatch = 10_000
	// https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html
	leastConcurrent = 2
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
	longestTimeout = 15 * time.Minute

	// The room that AWS asks for, so that a batch which is throttled while another
	// one runs is tried again before its messages come back, and the receives that
	// it asks for.
	// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
	timeoutsOfVisibility = 6
	leastReceives        = 5

	// A message is good that asks for a pass, or for a decision, which fails while AWS
	// is in trouble, or which is throttled again and again. It dies only when that lasts
	// longer than this; the schedule has then asked for the same a dozen times.
	trouble = time.Hour

	keep     = 24 * time.Hour
	keepDead = 14 * 24 * time.Hour // the longest that SQS can
)

// enqueue puts a queue before the pass function that was added last. The function
// runs once at a time: EC2's create and copy calls take no token, so two passes
// that look at the same moment would both make what is missing. It has a minute
// for each of its policies, because a batch may ask for all of them.
func (b *Blueprint) enqueue(p *plan.Plan, pass protect.Function) {
	policies := 0
	for _, policy := range p.Protect {
		if protect.FunctionOf(policy).Name == pass.Name {
			policies++
		}
	}
	f := &b.Functions[len(b.Functions)-1]
	f.Concurrent = 1
	f.MemoryMiB = listingMemoryMiB
	f.Timeout = min(time.Duration(policies)*functionTimeout, longestTimeout)
	b.queue(f, window, largestBatch)
}

// queue puts a queue before a function whose timeout is set.
func (b *Blueprint) queue(f *Function, window time.Duration, batch int) {
	visibility := timeoutsOfVisibility*f.Timeout + window
	f.Queue = &Queue{
		Name:       f.Deployed,
		DeadLetter: f.Deployed + "-dead",
		Window:     window,
		Batch:      batch,
		Concurrent: leastConcurrent,
		Visibility: visibility,
		Receives:   max(leastReceives, int((trouble+visibility-1)/visibility)),
		Keep:       keep,
		KeepDead:   keepDead,
	}
	// Lambda takes messages in the function's name.
	// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
	f.Grants = append(f.Grants, Grant{
		Actions:   []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
		Resources: []string{b.arn("sqs", f.Queue.Name)}, Regions: []string{b.Recovery},
	})
}

// deadLetters adds an alarm for each dead-letter queue that is not empty. SQS says
// nothing of a queue that nobody has used for hours, which is well.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
func (b *Blueprint) deadLetters() {
	for _, f := range b.Functions {
		if f.Queue == nil {
			continue
		}
		b.Alarms = append(b.Alarms, Alarm{
			Name: f.Queue.DeadLetter,
			Description: fmt.Sprintf("%s got what it cannot read, or has failed for an hour: its log says why. "+
				"Purge queue %s afterwards; its schedule makes it look again.", f.Deployed, f.Queue.DeadLetter),
			Namespace: "AWS/SQS", Metric: "ApproximateNumberOfMessagesVisible", Dimensions: map[string]string{"QueueName": f.Queue.DeadLetter},
			Statistic: "Maximum", Period: 5 * time.Minute, Periods: 1,
			Comparison: "GreaterThanThreshold", Threshold: 0, MissingData: "notBreaching",
		})
	}
}

// QueueOf is where schedules and rules send what is meant for a function; nil when
// they invoke it directly.
func (b *Blueprint) QueueOf(function string) *Queue {
	for _, f := range b.Functions {
		if f.Name == function && f.Queue != nil && f.Queue.Topic == "" {
			return f.Queue
		}
	}
	return nil
}
