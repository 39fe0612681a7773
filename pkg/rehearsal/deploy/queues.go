package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/mapping"
)

// queues makes the functions' queues and maps them. Who may send to them is not
// asked here: the simulator has no eye for policies.
func (d *deployer) queues(ctx context.Context) error {
	client := sqs.NewFromConfig(d.cloud.As(role, d.blueprint.Recovery))
	for _, function := range d.blueprint.Functions {
		q := function.Queue
		if q == nil {
			continue
		}
		redrive, err := json.Marshal(map[string]any{"deadLetterTargetArn": d.queueARN(q.DeadLetter), "maxReceiveCount": q.Receives})
		if err != nil {
			return err
		}
		for _, queue := range []struct {
			name       string
			attributes map[string]string
		}{
			{q.DeadLetter, map[string]string{keepsFor: seconds(q.KeepDead)}},
			{q.Name, map[string]string{
				keepsFor: seconds(q.Keep),
				string(types.QueueAttributeNameVisibilityTimeout): seconds(q.Visibility),
				string(types.QueueAttributeNameRedrivePolicy):     string(redrive),
			}},
		} {
			if _, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(queue.name), Attributes: queue.attributes}); err != nil {
				return fmt.Errorf("queue %s: %w", queue.name, err)
			}
		}
		account := d.cloud.AccountOf(d.blueprint.Recovery)
		d.cloud.Map(mapping.Source{
			URL: d.cloud.QueueURL(account, q.Name), Region: d.blueprint.Recovery, Name: q.Name, Account: account,
			Function: function.Deployed, Window: q.Window, Batch: q.Batch, Visibility: q.Visibility,
		})
		if err := d.topic(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// topic makes the topic that sends to a queue, if one does.
func (d *deployer) topic(ctx context.Context, q *blueprint.Queue) error {
	if q.Topic == "" {
		return nil
	}
	client := sns.NewFromConfig(d.cloud.As(role, d.blueprint.Recovery))
	made, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String(q.Topic)})
	if err != nil {
		return fmt.Errorf("topic %s: %w", q.Topic, err)
	}
	if _, err := client.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(d.queueARN(q.Name)),
	}); err != nil {
		return fmt.Errorf("topic %s: %w", q.Topic, err)
	}
	return nil
}

// onFailure is where an event goes that a function failed at for good: with the messages
// that it failed at, when those come beside its events.
func (d *deployer) onFailure(function blueprint.Function) string {
	if function.Queue == nil || function.Queue.Topic == "" {
		return ""
	}
	return d.queueARN(function.Queue.DeadLetter)
}

const keepsFor = string(types.QueueAttributeNameMessageRetentionPeriod)

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

func (d *deployer) queueARN(name string) string {
	return "arn:aws:sqs:" + d.blueprint.Recovery + ":" + d.cloud.AccountOf(d.blueprint.Recovery) + ":" + name
}

// target is where what is meant for a function is sent: its queue, if it has one.
func (d *deployer) target(function string) string {
	if q := d.blueprint.QueueOf(function); q != nil {
		return d.queueARN(q.Name)
	}
	return functionARN(d.blueprint, d.cloud.AccountOf(d.blueprint.Recovery), function)
}
