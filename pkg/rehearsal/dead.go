package rehearsal

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// deadLetters tells of messages that no pass has dealt with for too long.
func (r *rehearsal) deadLetters(ctx context.Context) error {
	client := sqs.NewFromConfig(r.cloud.As(role, r.Plan.Recovery))
	const count = types.QueueAttributeNameApproximateNumberOfMessages
	for _, f := range r.blueprint.Functions {
		if f.Queue == nil {
			continue
		}
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl:       aws.String(r.cloud.QueueURL(r.cloud.AccountOf(r.Plan.Recovery), f.Queue.DeadLetter)),
			AttributeNames: []types.QueueAttributeName{count},
		})
		if err != nil {
			return fmt.Errorf("queue %s: %w", f.Queue.DeadLetter, err)
		}
		if n := out.Attributes[string(count)]; n != "0" {
			r.problem("Messages that %s could not deal with are in %s: %s.", f.Deployed, f.Queue.DeadLetter, n)
		}
	}
	return nil
}
