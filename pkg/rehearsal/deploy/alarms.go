package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// alarms are there to be looked at: the simulator evaluates none.
func (d *deployer) alarms(ctx context.Context) error {
	for _, alarm := range d.blueprint.Alarms {
		if err := d.alarm(ctx, alarm); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployer) alarm(ctx context.Context, alarm blueprint.Alarm) error {
	var dimensions []types.Dimension
	for _, name := range slices.Sorted(maps.Keys(alarm.Dimensions)) {
		dimensions = append(dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(alarm.Dimensions[name])})
	}
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName:          aws.String(alarm.Name),
		AlarmDescription:   aws.String(alarm.Description),
		Namespace:          aws.String(alarm.Namespace),
		MetricName:         aws.String(alarm.Metric),
		Dimensions:         dimensions,
		Statistic:          types.Statistic(alarm.Statistic),
		Period:             aws.Int32(int32(alarm.Period.Seconds())),
		EvaluationPeriods:  aws.Int32(int32(alarm.Periods)),
		Threshold:          aws.Float64(alarm.Threshold),
		ComparisonOperator: types.ComparisonOperator(alarm.Comparison),
		TreatMissingData:   aws.String(alarm.MissingData),
	}
	if alarm.Notify != "" {
		topic := "arn:aws:sns:" + d.blueprint.Recovery + ":" + d.cloud.AccountOf(d.blueprint.Recovery) + ":" + alarm.Notify
		in.AlarmActions, in.OKActions = []string{topic}, []string{topic}
	}
	if _, err := cloudwatch.NewFromConfig(d.cloud.As(role, d.blueprint.Recovery)).PutMetricAlarm(ctx, in); err != nil {
		return fmt.Errorf("alarm %s: %w", alarm.Name, err)
	}
	return nil
}
