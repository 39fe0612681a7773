package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// queue puts the blueprint's queue before a function: the queue, the one for its
// dead messages, the mapping by which Lambda takes from it, and who sends to it.
func (s *recovery) queue(f blueprint.Function) {
	q := f.Queue
	dead := awssqs.NewQueue(s.stack, construct("Dead", f.Name), &awssqs.QueueProps{
		QueueName:       jsii.String(q.DeadLetter),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: awscdk.Duration_Seconds(jsii.Number(q.KeepDead.Seconds())),
	})
	queue := awssqs.NewQueue(s.stack, construct("Queue", f.Name), &awssqs.QueueProps{
		QueueName:         jsii.String(q.Name),
		Encryption:        awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		RetentionPeriod:   awscdk.Duration_Seconds(jsii.Number(q.Keep.Seconds())),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(q.Visibility.Seconds())),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: jsii.Number(q.Receives)},
	})
	awslambda.NewCfnEventSourceMapping(s.stack, construct("Mapping", f.Name), &awslambda.CfnEventSourceMappingProps{
		EventSourceArn:                 queue.QueueArn(),
		FunctionName:                   s.functions[f.Name].FunctionArn(),
		BatchSize:                      jsii.Number(q.Batch),
		MaximumBatchingWindowInSeconds: jsii.Number(q.Window.Seconds()),
		FunctionResponseTypes:          jsii.Strings("ReportBatchItemFailures"),
		ScalingConfig:                  &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(q.Concurrent)},
	})
	if q.Topic == "" {
		s.queues[f.Name] = queue
		return
	}
	s.topic(f, queue)
	s.report(f, dead)
}

// listen lets a rule, and no other, put messages into a queue. EventBridge takes
// on no role for a queue.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
func listen(queue awssqs.Queue, rule *string) {
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{service("events")},
		Actions:    jsii.Strings("sqs:SendMessage"),
		Resources:  &[]*string{queue.QueueArn()},
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule}},
	}))
}
