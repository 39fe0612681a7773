// Package publisher puts what a probe saw into CloudWatch, in the region that it
// saw it from.
//
// It guarantees one call for all tries of an invocation, so that a minute is never
// judged by a part of them. The metrics are no part of the function's log, where
// CloudWatch would find them later or never: a decision hangs on them. They are
// dated when CloudWatch gets them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
package publisher

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/probe"
)

// api is all that is called, and so what the probe's role is granted.
type api interface {
	PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// Publisher publishes in one region.
type Publisher struct{ metrics api }

// New publishes in the region of cfg.
func New(cfg aws.Config) Publisher { return Publisher{cloudwatch.NewFromConfig(cfg)} }

// Publish puts the tries of one invocation.
func (p Publisher) Publish(ctx context.Context, plan string, tries []probe.Try) error {
	_, err := p.metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(probe.Namespace(plan)), MetricData: data(tries),
	})
	if err != nil {
		return fmt.Errorf("publish what the probe of %s saw: %w", plan, err)
	}
	return nil
}

// data is a datum a metric. What no try could measure is left out.
func data(tries []probe.Try) []types.MetricDatum {
	reached := map[bool]float64{}
	var seconds []float64
	days := 0.0
	for _, try := range tries {
		reached[try.Reached]++
		if try.Reached {
			seconds = append(seconds, try.Seconds)
		}
		if left := try.CertificateDays; left != 0 && (days == 0 || left < days) {
			days = left
		}
	}
	answers := types.MetricDatum{MetricName: aws.String(probe.Reached), Unit: types.StandardUnitNone}
	for _, was := range []struct {
		reached bool
		value   float64
	}{{true, 1}, {false, 0}} {
		if count := reached[was.reached]; count > 0 {
			answers.Values, answers.Counts = append(answers.Values, was.value), append(answers.Counts, count)
		}
	}
	all := []types.MetricDatum{answers}
	if len(seconds) > 0 {
		all = append(all, types.MetricDatum{MetricName: aws.String(probe.Seconds), Unit: types.StandardUnitSeconds, Values: seconds})
	}
	if days != 0 {
		all = append(all, types.MetricDatum{MetricName: aws.String(probe.CertificateDays), Unit: types.StandardUnitNone, Value: aws.Float64(days)})
	}
	return all
}
