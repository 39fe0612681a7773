// Package alarm reads CloudWatch alarms as they are now. What it cannot read it
// says so of, alarm by alarm: one dead region never makes the others unreadable.
package alarm

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// api is all that reading alarms asks of CloudWatch, and so its IAM checklist.
type api interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// Reader reads alarms in any region.
type Reader struct{ in func(region string) api }

// New reads with cfg's credentials.
func New(cfg aws.Config) Reader {
	return Reader{func(region string) api {
		return cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) { o.Region = region })
	}}
}

// Read gives every alarm's state, in the order asked. It makes one call a region
// and never fails: an alarm that is absent, or whose region does not answer, is
// Unreadable.
func (r Reader) Read(ctx context.Context, alarms []plan.Alarm) ([]decide.Sight, error) {
	states := map[plan.Alarm]decide.AlarmState{}
	asked := map[string]bool{}
	for _, alarm := range alarms {
		if asked[alarm.Region] {
			continue
		}
		asked[alarm.Region] = true
		if err := r.region(ctx, alarm.Region, alarms, states); err != nil {
			slog.WarnContext(ctx, "alarms are unreadable", "region", alarm.Region, "err", err)
		}
	}
	sights := make([]decide.Sight, len(alarms))
	for i, alarm := range alarms {
		sights[i] = decide.Sight{Alarm: alarm, State: decide.Unreadable}
		if state, ok := states[alarm]; ok {
			sights[i].State = state
		}
	}
	return sights, nil
}

func (r Reader) region(ctx context.Context, region string, alarms []plan.Alarm, states map[plan.Alarm]decide.AlarmState) error {
	var names []string
	for _, alarm := range alarms {
		if alarm.Region == region {
			names = append(names, alarm.Name)
		}
	}
	// A plan names a handful of alarms: AlarmNames takes 100, so one call reads
	// them all. Both types must be asked for, or composite alarms are left out.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
	out, err := r.in(region).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names,
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		MaxRecords: aws.Int32(100),
	})
	if err != nil {
		return err
	}
	for _, alarm := range out.MetricAlarms {
		states[plan.Alarm{Name: aws.ToString(alarm.AlarmName), Region: region}] = decide.AlarmState(alarm.StateValue)
	}
	for _, alarm := range out.CompositeAlarms {
		states[plan.Alarm{Name: aws.ToString(alarm.AlarmName), Region: region}] = decide.AlarmState(alarm.StateValue)
	}
	return nil
}
