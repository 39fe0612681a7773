package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

func TestAlarms_areTheBlueprints(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]any{}, map[string]any{}
		for _, alarm := range s.ofType("AWS::CloudWatch::Alarm") {
			name, _ := alarm.Properties["AlarmName"].(string)
			got[name] = s.seen(alarm)
		}
		for _, alarm := range s.blueprint.Alarms {
			want[alarm.Name] = s.wanted(alarm)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery", "vantage")
}

// seen is an alarm of the template, rendered.
func (s stack) seen(alarm resource) map[string]any {
	delete(alarm.Properties, "Tags")
	for _, told := range []string{"AlarmActions", "OKActions"} {
		if topics, ok := alarm.Properties[told].([]any); ok {
			alarm.Properties[told] = s.renderAll(topics)
		}
	}
	return alarm.Properties
}

// wanted is a blueprint's alarm as a template must have it.
func (s stack) wanted(alarm blueprint.Alarm) map[string]any {
	want := map[string]any{
		"AlarmName": alarm.Name, "AlarmDescription": alarm.Description, "Namespace": alarm.Namespace, "MetricName": alarm.Metric,
		"Statistic": alarm.Statistic, "Period": alarm.Period.Seconds(), "EvaluationPeriods": float64(alarm.Periods),
		"Threshold": alarm.Threshold, "ComparisonOperator": alarm.Comparison, "TreatMissingData": alarm.MissingData,
	}
	var dimensions []any
	for name, value := range alarm.Dimensions {
		dimensions = append(dimensions, map[string]any{"Name": name, "Value": value})
	}
	if len(dimensions) > 0 {
		want["Dimensions"] = dimensions
	}
	if alarm.Notify != "" {
		topic := []string{"arn:${AWS::Partition}:sns:" + s.blueprint.Recovery + ":${AWS::AccountId}:" + alarm.Notify}
		want["AlarmActions"], want["OKActions"] = topic, topic
	}
	return want
}
