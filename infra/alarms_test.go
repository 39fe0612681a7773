package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAlarms_areTheBlueprints(t *testing.T) {
	forEvery(t, func(t *testing.T, s stack) {
		got, want := map[string]any{}, map[string]any{}
		for _, alarm := range s.ofType("AWS::CloudWatch::Alarm") {
			name, _ := alarm.Properties["AlarmName"].(string)
			delete(alarm.Properties, "Tags")
			got[name] = alarm.Properties
		}
		for _, alarm := range s.blueprint.Alarms {
			var dimensions []any
			for name, value := range alarm.Dimensions {
				dimensions = append(dimensions, map[string]any{"Name": name, "Value": value})
			}
			want[alarm.Name] = map[string]any{
				"AlarmName": alarm.Name, "AlarmDescription": alarm.Description, "Namespace": alarm.Namespace, "MetricName": alarm.Metric,
				"Dimensions": dimensions, "Statistic": alarm.Statistic, "Period": alarm.Period.Seconds(), "EvaluationPeriods": float64(alarm.Periods),
				"Threshold": alarm.Threshold, "ComparisonOperator": alarm.Comparison, "TreatMissingData": alarm.MissingData,
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-blueprint +template):\n%s", diff)
		}
	}, "recovery")
}
