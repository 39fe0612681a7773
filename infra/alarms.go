package main

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// alarms are those on the plan's metrics.
func (s *recovery) alarms() {
	for _, alarm := range s.blueprint.Alarms {
		newAlarm(s.stack, construct("Alarm", alarm.Name), alarm)
	}
}

func newAlarm(stack awscdk.Stack, id *string, alarm blueprint.Alarm) awscloudwatch.CfnAlarm {
	props := &awscloudwatch.CfnAlarmProps{
		AlarmName:          jsii.String(alarm.Name),
		AlarmDescription:   jsii.String(alarm.Description),
		Namespace:          jsii.String(alarm.Namespace),
		MetricName:         jsii.String(alarm.Metric),
		Statistic:          jsii.String(alarm.Statistic),
		Period:             jsii.Number(alarm.Period.Seconds()),
		EvaluationPeriods:  jsii.Number(alarm.Periods),
		Threshold:          jsii.Number(alarm.Threshold),
		ComparisonOperator: jsii.String(alarm.Comparison),
		TreatMissingData:   jsii.String(alarm.MissingData),
	}
	if len(alarm.Dimensions) > 0 {
		props.Dimensions = dimensions(alarm)
	}
	if alarm.Notify != "" {
		topic := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sns"), Resource: jsii.String(alarm.Notify)})
		props.AlarmActions, props.OkActions = &[]any{topic}, &[]any{topic}
	}
	return awscloudwatch.NewCfnAlarm(stack, id, props)
}

func dimensions(alarm blueprint.Alarm) []*awscloudwatch.CfnAlarm_DimensionProperty {
	var list []*awscloudwatch.CfnAlarm_DimensionProperty
	for _, name := range slices.Sorted(maps.Keys(alarm.Dimensions)) {
		list = append(list, &awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(name), Value: jsii.String(alarm.Dimensions[name])})
	}
	return list
}
