// Package notice tells people of a plan's runs through the SNS topic that the plan
// names. It sends what it is given, once a call; it neither retries beyond the SDK
// nor knows whether anybody reads it.
package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

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

// longest is shorter than what SNS takes as a subject, and than a text message that is
// sent in one piece. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const longest = 99

// Tell sends a message to a topic, by its name. A phone gets the subject alone: a text
// message has an end where a command would be cut.
func (n Notice) Tell(ctx context.Context, topic, subject, text string) error {
	to, err := edge.Beside(ctx, "sns", topic)
	if err != nil {
		return err
	}
	subject = plain(subject)
	each, err := json.Marshal(map[string]string{"default": text, "sms": subject})
	if err != nil {
		return fmt.Errorf("write the message for topic %s: %w", topic, err)
	}
	_, err = n.topics.Publish(ctx, &sns.PublishInput{
		TopicArn: aws.String(to), Subject: aws.String(subject), Message: aws.String(string(each)), MessageStructure: aws.String("json"),
	})
	if err != nil {
		return fmt.Errorf("tell topic %s: %w", topic, err)
	}
	return nil
}

// plain is a subject as SNS takes it: ASCII, in one line, and not too long.
func plain(subject string) string {
	subject = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, subject)
	return subject[:min(len(subject), longest)]
}
