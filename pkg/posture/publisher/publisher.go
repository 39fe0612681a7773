// Package publisher tells CloudWatch, every minute, which side of a plan serves.
// It alone turns the ledger into the metric that traffic hangs on.
//
// It guarantees that what it publishes was read from the ledger in the same
// call, and is dated by that read. It decides nothing and remembers nothing: when
// the ledger cannot be read it publishes nothing, and the alarm keeps its state.
package publisher

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/input"
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

// Published is what a call told CloudWatch: for whoever tries it in the console.
type Published struct {
	Namespace string    `json:"namespace"`
	Metric    string    `json:"metric"`
	Value     float64   `json:"value"`
	At        time.Time `json:"at"`
}

// function is the folder of the function that this package is the behaviour of.
const function = "publish-posture"

// Handle is the publisher as a Lambda handler.
func (p *Publisher) Handle(ctx context.Context, payload json.RawMessage) (Published, error) {
	in, err := decode(payload)
	if err != nil {
		return Published{}, err
	}
	return p.Publish(ctx, in.Plan)
}

func decode(payload []byte) (Input, error) {
	var in Input
	if err := input.Decode(function, payload, &in); err != nil {
		return Input{}, err
	}
	return in, input.Need(function, input.Field{Name: "plan", Value: in.Plan})
}

// Publish writes one datapoint. Doing it twice in a minute changes nothing that
// an alarm on the minimum or maximum of the minute sees.
func (p *Publisher) Publish(ctx context.Context, plan string) (Published, error) {
	state, now, err := p.ledger.State(ctx, plan)
	if err != nil {
		return Published{}, fmt.Errorf("read which side of %s serves: %w", plan, err)
	}
	said := Published{posture.Namespace(plan), posture.Metric, posture.Value(state.Side), now}
	_, err = p.metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(said.Namespace),
		MetricData: []types.MetricDatum{{
			MetricName: aws.String(said.Metric),
			Value:      aws.Float64(said.Value),
			Timestamp:  aws.Time(said.At),
		}},
	})
	if err != nil {
		return Published{}, fmt.Errorf("publish which side of %s serves: %w", plan, err)
	}
	return said, nil
}
