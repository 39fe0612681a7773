package triggers

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Outcome is what came of the triggers.
type Outcome struct {
	Triggers   int
	Looks      int // invocations of decide-failover
	Died       int // of those that ended in the middle
	Lost       int // looks that saw a disaster and a free lock, and came too late for it
	Executions int
	Started    int    // entries of journals that say so
	Dead       string // messages in the dead-letter queue, waiting and taken
	State      run.State
}

// Settle waits until every trigger was dealt with, and lets ticks come.
func (s *Stage) Settle(ctx context.Context) (Outcome, error) {
	busy := func() string {
		waiting, err := s.waiting(ctx, decider)
		if err == nil && waiting == "0+0" && s.Host.InFlight() == 0 && s.Settled() {
			return ""
		}
		return fmt.Sprintf("in the queue %s (%v), functions at work %d, settled %t", waiting, err, s.Host.InFlight(), s.Settled())
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	for quiet := 0; quiet < 3; quiet++ {
		why := busy()
		if why != "" {
			quiet = 0
		}
		if err := s.Clock.Wait(ctx, 30*time.Second); err != nil {
			return Outcome{}, fmt.Errorf("not all was dealt with: %w; %s", err, why)
		}
	}
	for range 3 {
		if err := s.Tick(ctx); err != nil {
			return Outcome{}, err
		}
	}
	return s.outcome(ctx)
}

func (s *Stage) outcome(ctx context.Context) (Outcome, error) {
	book := ledger.New(s.As("auditor", west))
	o := Outcome{Triggers: s.sent, Lost: int(s.lost.Load())}
	var err error
	if o.State, _, err = book.State(ctx, shop); err != nil {
		return o, err
	}
	if o.Dead, err = s.waiting(ctx, decider+"-dead"); err != nil {
		return o, err
	}
	executions := sfn.NewListExecutionsPaginator(sfn.NewFromConfig(s.As("auditor", west)), &sfn.ListExecutionsInput{
		StateMachineArn: aws.String("arn:aws:states:" + west + ":" + cloud.Account + ":stateMachine:" + machine),
	})
	for executions.HasMorePages() {
		page, err := executions.NextPage(ctx)
		if err != nil {
			return o, err
		}
		o.Executions += len(page.Executions)
	}
	for epoch := range o.State.Epoch {
		record, err := book.Open(ctx, shop, run.Name(shop, epoch+1))
		if err != nil {
			return o, err
		}
		for _, entry := range record.Entries {
			if entry.Event == run.Started {
				o.Started++
			}
		}
	}
	for _, i := range s.looks() {
		o.Looks++
		if i.Error != "" {
			o.Died++
		}
	}
	return o, nil
}

func (s *Stage) looks() []lambdahost.Invocation {
	var looks []lambdahost.Invocation
	for _, i := range s.Host.Invocations() {
		if i.Function == decider {
			looks = append(looks, i)
		}
	}
	return looks
}

// Start lets the alarms go off once, and nothing go wrong: how long the function takes
// from its cold start to its answer, after which the execution is there.
func (s *Stage) Start(ctx context.Context) (time.Duration, error) {
	if err := s.disaster(ctx); err != nil {
		return 0, err
	}
	s.Host.Kill(decider) // whatever the events have made it look at, the next is cold
	before := len(s.looks())
	if err := s.look(ctx); err != nil {
		return 0, err
	}
	looks := s.looks()[before:]
	if len(looks) == 0 {
		return 0, fmt.Errorf("no look was recorded")
	}
	last := looks[len(looks)-1]
	return time.Duration((last.InitMillis + last.DurationMillis) * float64(time.Millisecond)), nil
}

func (s *Stage) waiting(ctx context.Context, queue string) (string, error) {
	out, err := sqs.NewFromConfig(s.As("auditor", west)).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(s.QueueURL(cloud.Account, queue)), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return "", err
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"], nil
}
