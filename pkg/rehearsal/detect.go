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

// detect lets the plan's alarms go off, one after the other. CloudWatch's events
// then travel as they do in AWS, some of them twice. What no alarm starts, a
// person does.
func (r *rehearsal) detect(ctx context.Context) error {
	if !r.scenario.alarmed {
		return r.startByHand(ctx)
	}
	if len(r.Plan.Detect.Alarms) > 0 {
		r.modelled = append(r.modelled, report.Duration{Name: "disaster to alarm", Seconds: alarmAfter.Seconds(), Source: fromAlarms})
	}
	wait := alarmAfter
	for _, alarm := range r.Plan.Detect.Alarms {
		if err := r.cloud.Clock.Wait(ctx, wait); err != nil {
			return err
		}
		wait = alarmsApart
		if err := r.raise(ctx, alarm); err != nil {
			return fmt.Errorf("alarm %s: %w", alarm.Name, err)
		}
		r.Say("alarm " + alarm.Name + " went off")
	}
	if r.Plan.Detect.Mode == plan.Automatic {
		return nil
	}
	return r.startByHand(ctx)
}

func (r *rehearsal) raise(ctx context.Context, alarm plan.Alarm) error {
	_, err := cloudwatch.NewFromConfig(r.cloud.As("cloudwatch", alarm.Region)).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName:   aws.String(alarm.Name),
		StateValue:  cwtypes.StateValueAlarm,
		StateReason: aws.String("Threshold Crossed: 3 out of the last 3 datapoints were greater than or equal to the threshold (1.0)."),
	})
	return err
}
