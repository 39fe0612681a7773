package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// topic lets the account's alarms and the account itself publish what a function's
// queue gets, and nobody else: no service but CloudWatch, and no other account.
//
// EventBridge is not let in as a service, because it sends SNS no condition keys: a
// statement without any would let everybody's rules in. The plan's own rules invoke the
// function directly.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
//
// The topic is not encrypted with a KMS key: alarms cannot use AWS's own for SNS, and a
// nudge holds nothing but what is already in CloudWatch.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func (s *recovery) topic(f blueprint.Function, queue awssqs.Queue) {
	topic := awssns.NewCfnTopic(s.stack, construct("Topic", f.Name), &awssns.CfnTopicProps{TopicName: jsii.String(f.Queue.Topic)})
	publish := func(props awsiam.PolicyStatementProps) awsiam.PolicyStatement {
		props.Actions, props.Resources = jsii.Strings("sns:Publish"), &[]*string{topic.Ref()}
		return awsiam.NewPolicyStatement(&props)
	}
	awssns.NewCfnTopicPolicy(s.stack, construct("TopicPolicy", f.Name), &awssns.CfnTopicPolicyProps{
		Topics: &[]*string{topic.Ref()},
		PolicyDocument: document(
			publish(awsiam.PolicyStatementProps{
				Principals: &[]awsiam.IPrincipal{service("cloudwatch")},
				Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
			}),
			publish(awsiam.PolicyStatementProps{Principals: &[]awsiam.IPrincipal{awsiam.NewAccountRootPrincipal()}}),
			publish(awsiam.PolicyStatementProps{
				Effect:     awsiam.Effect_DENY,
				Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
				Conditions: &map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			}),
		),
	})
	awssns.NewCfnSubscription(s.stack, construct("Subscription", f.Name), &awssns.CfnSubscriptionProps{
		TopicArn: topic.Ref(), Protocol: jsii.String("sqs"), Endpoint: queue.QueueArn(),
	})
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{service("sns")},
		Actions:    jsii.Strings("sqs:SendMessage"),
		Resources:  &[]*string{queue.QueueArn()},
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": topic.Ref()}},
	}))
}

// report puts what a function failed at, however often Lambda tried, beside the messages
// that it failed at. The blueprint grants the function's role to send it there.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func (s *recovery) report(f blueprint.Function, dead awssqs.Queue) {
	awslambda.NewCfnEventInvokeConfig(s.stack, construct("Failed", f.Name), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: s.functions[f.Name].FunctionName(),
		Qualifier:    jsii.String("$LATEST"), // which schedules and rules invoke
		DestinationConfig: &awslambda.CfnEventInvokeConfig_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventInvokeConfig_OnFailureProperty{Destination: dead.QueueArn()},
		},
	})
}
