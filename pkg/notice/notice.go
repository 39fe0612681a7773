// Package notice tells people of a plan's runs through the SNS topic that the plan
// names. It sends what it is given, once a call; it neither retries beyond the SDK
// nor knows whether anybody reads it.
package notice

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/pilotlight/pilotlight/pkg/edge"
)

// api is all that is asked of SNS, and so the IAM checklist.
type api interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Notice publishes to topics of the region and account that the function runs in.
type Notice struct{ topics api }

// New uses cfg's region.
func New(cfg aws.Config) Notice { return Notice{sns.NewFromConfig(cfg)} }

// longest subject that SNS takes:
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const longestSubject = 100

// Tell sends a message to a topic, by its name.
func (n Notice) Tell(ctx context.Context, topic, subject, text string) error {
	to, err := edge.Beside(ctx, "sns", topic)
	if err != nil {
		return err
	}
	if len(subject) > longestSubject {
		subject = subject[:longestSubject]
	}
	if _, err := n.topics.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(to), Subject: aws.String(subject), Message: aws.String(text)}); err != nil {
		return fmt.Errorf("tell topic %s: %w", topic, err)
	}
	return nil
}
