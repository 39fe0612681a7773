// Package publisher tells CloudWatch, every minute, which side of a plan serves.
// It alone turns the ledger into the metric that traffic hangs on.
//
// It guarantees that what it publishes was read from the ledger in the same
// call, and is dated by that read. It decides nothing and remembers nothing: when
// the ledger cannot be read it publishes nothing, and the alarm keeps its state.
package publisher

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/posture"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Ledger is the part of the ledger that the publisher needs.
type Ledger interface {
	// State reads a plan's state, at AWS's time.
	State(ctx context.Context, plan string) (run.State, time.Time, error)
}

// api is what the publisher calls beside the ledger, and so what its role is granted.
type api interface {
	PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// Publisher writes one region's metrics.
type Publisher struct {
	ledger  Ledger
	metrics api
}

// New publishes in the region of cfg, which is the recovery region.
func New(cfg aws.Config, ledger Ledger) *Publisher {
	return &Publisher{ledger, cloudwatch.NewFromConfig(cfg)}
}

// Input is what the schedule sends.
type Input struct {
	Plan string `json:"plan"`
}

// Handle is the publisher as a Lambda handler.
func (p *Publisher) Handle(ctx context.Context, payload json.RawMessage) error {
	input, err := Decode(payload)
	if err == nil {
		err = p.Publish(ctx, input.Plan)
	}
	return failure.AtEdge(err)
}

// Decode refuses what is not the schedule's input.
func Decode(payload []byte) (Input, error) {
	var input Input
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&input); err != nil {
		return Input{}, failure.BadInputf("this is not the schedule's input: %v; send {\"plan\": name}", err)
	}
	if input.Plan == "" {
		return Input{}, failure.BadInputf("the publisher's input needs \"plan\"")
	}
	return input, nil
}

// Publish writes one datapoint. Doing it twice in a minute changes nothing that
// an alarm on the minimum or maximum of the minute sees.
func (p *Publisher) Publish(ctx context.Context, plan string) error {
	state, now, err := p.ledger.State(ctx, plan)
	if err != nil {
		return fmt.Errorf("read which side of %s serves: %w", plan, err)
	}
	_, err = p.metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(posture.Namespace(plan)),
		MetricData: []types.MetricDatum{{
			MetricName: aws.String(posture.Metric),
			Value:      aws.Float64(posture.Value(state.Side)),
			Timestamp:  aws.Time(now),
		}},
	})
	if err != nil {
		return fmt.Errorf("publish which side of %s serves: %w", plan, err)
	}
	return nil
}
