// Package points lists the recovery points that a run can use, in the region that it
// acts in and nowhere else: what protection copied there, and what it took there
// while that region served. It also asks for new ones, and says when they are there.
package points

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/databases"
	"github.com/pilotlight/pilotlight/pkg/protect/images"
	"github.com/pilotlight/pilotlight/pkg/protect/inspect"
	"github.com/pilotlight/pilotlight/pkg/protect/snapshots"
)

// Points acts with the function's own role.
type Points struct{ cfg aws.Config }

// New lists in whatever region is asked for; cfg's is the one that Pilotlight lives in.
func New(cfg aws.Config) Points { return Points{cfg} }

// List gives all points of a policy, usable or not.
func (p Points) List(ctx context.Context, region, name string, policy plan.Policy) ([]lineage.Point, error) {
	there := p.cfg.Copy()
	there.Region = region
	switch {
	case policy.Images != nil:
		return images.Points(ctx, there, name, policy.Name)
	case policy.Database != nil:
		return databases.Points(ctx, there, name, policy)
	}
	return snapshots.Points(ctx, there, name, policy.Name)
}

// Sources are what the policy of a pass protects now, on the side that serves.
func (p Points) Sources(ctx context.Context, pass protect.Pass) ([]protect.Source, error) {
	return inspect.Sources(ctx, p.cfg, pass)
}

// Nudge has the policy's own pass look now, as its schedule would in a few minutes.
func (p Points) Nudge(ctx context.Context, in protect.Input) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("ask for a pass over policy %s: %w", in.Policy.Name, err)
	}
	client := sqs.NewFromConfig(p.cfg)
	queue, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(names.Function(in.Plan, protect.FunctionOf(in.Policy).Name))})
	if err != nil {
		return fmt.Errorf("look for the queue of policy %s: %w", in.Policy.Name, err)
	}
	if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String(string(body))}); err != nil {
		return fmt.Errorf("ask for a pass over policy %s: %w", in.Policy.Name, err)
	}
	return nil
}
