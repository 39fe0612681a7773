package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
)

// What CloudWatch does in reality before an alarm goes off, modelled: three
// periods of a minute must breach, and the evaluation follows within seconds.
const (
	alarmAfter  = 3*time.Minute + 10*time.Second
	alarmsApart = 20 * time.Second
	fromAlarms  = "three periods of a minute and the evaluation: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html"
)

// detect lets the plan's alarms go off, one after the other, but for those that go
// off by themselves: see own. CloudWatch's events then travel as they do in AWS, some
// of them twice. What no alarm starts, a person does: when asked, or by hand.
func (r *rehearsal) detect(ctx context.Context) error {
	if !r.scenario.alarmed {
		return r.startByHand(ctx)
	}
	alarms := r.raised()
	if len(alarms) > 0 {
		r.modelled = append(r.modelled, report.Duration{Name: "disaster to alarm", Seconds: alarmAfter.Seconds(), Source: fromAlarms})
	}
	wait := alarmAfter
	for _, alarm := range alarms {
		if err := r.cloud.Clock.Wait(ctx, wait); err != nil {
			return err
		}
		wait = alarmsApart
		if err := r.set(ctx, alarm, cwtypes.StateValueAlarm); err != nil {
			return fmt.Errorf("alarm %s: %w", alarm.Name, err)
		}
		r.Say("alarm " + alarm.Name + " went off")
	}
	if r.Plan.Detect.Mode == plan.Manual {
		return r.startByHand(ctx)
	}
	return nil
}

// set is what CloudWatch would do to an alarm if it had the metric.
func (r *rehearsal) set(ctx context.Context, alarm plan.Alarm, state cwtypes.StateValue) error {
	reason := "Threshold Crossed: 3 out of the last 3 datapoints were greater than or equal to the threshold (1.0)."
	if state == cwtypes.StateValueOk {
		reason = "all is well"
	}
	_, err := cloudwatch.NewFromConfig(r.cloud.As("cloudwatch", alarm.Region)).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(alarm.Name), StateValue: state, StateReason: aws.String(reason),
	})
	return err
}
