package cloud

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/evaluation"
)

// watcher is who evaluates alarms, in the audit.
const watcher = "cloudwatch"

// evaluated is how often CloudWatch judges an alarm whose period is a minute or more.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
const evaluated = time.Minute

// Evaluate judges an alarm of a region by its metric from now on, and sets its state
// when that changes, which the bus of the region then tells. changed is told too.
// Time that was jumped over has no data: the alarm keeps its state until it has seen
// its whole evaluation range pass.
func (c *Cloud) Evaluate(region, name string, changed func(state types.StateValue, at time.Time)) error {
	endpoint, err := url.Parse(c.Front.URL())
	if err != nil {
		return err
	}
	e := &evaluator{
		cloud: c, region: region, name: name, changed: changed, reader: evaluation.NewReader(endpoint, watcher),
		state: types.StateValueInsufficientData, jumped: c.Clock.Jumped(), whole: c.Clock.Now(),
	}
	c.Every(evaluated, region, e.look)
	return nil
}

type evaluator struct {
	cloud        *Cloud
	region, name string
	changed      func(types.StateValue, time.Time)
	reader       *evaluation.Reader

	state  types.StateValue // that was set last
	jumped time.Duration    // at the last look
	whole  time.Time        // since when no time was jumped over
}

func (e *evaluator) look(ctx context.Context, now time.Time) error {
	if jumped := e.cloud.Clock.Jumped(); jumped != e.jumped {
		e.jumped, e.whole = jumped, now
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	alarm, points, err := e.reader.Read(ctx, e.region, e.name, now)
	if err != nil || alarm.Since(now).Before(e.whole) {
		return err
	}
	state := alarm.State(points, now, e.state)
	if state == e.state {
		return nil
	}
	_, err = cloudwatch.NewFromConfig(e.cloud.As(watcher, e.region)).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(e.name), StateValue: state, StateReason: aws.String("Evaluated from the datapoints of its metric."),
	})
	if err != nil {
		return fmt.Errorf("set alarm %s to %s: %w", e.name, state, err)
	}
	e.state = state
	e.changed(state, now)
	return nil
}
