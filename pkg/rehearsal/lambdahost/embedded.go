package lambdahost

import (
	"encoding/json"
	"time"
)

// Metric is one value that a function embedded in a line of its output. Lambda
// sends both of its outputs to CloudWatch Logs, which makes metrics of such lines.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type Metric struct {
	Namespace  string
	Name       string
	Unit       string // empty: none
	Dimensions map[string]string
	Values     []float64
	At         time.Time
}

// envelope is the format's metadata object.
type envelope struct {
	Timestamp         *int64 // milliseconds since 1970
	CloudWatchMetrics []struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []struct{ Name, Unit string }
	}
}

// embedded are the metrics of a line: one a metric definition and dimension set.
// Of a line that is not in the format, or that refers to what it does not have,
// there are none, as CloudWatch Logs keeps it as a line of the log and no more.
func embedded(line []byte) []Metric {
	var root map[string]json.RawMessage
	var about envelope
	if json.Unmarshal(line, &root) != nil || root["_aws"] == nil ||
		json.Unmarshal(root["_aws"], &about) != nil || about.Timestamp == nil {
		return nil
	}
	var metrics []Metric
	for _, directive := range about.CloudWatchMetrics {
		for _, set := range directive.Dimensions {
			dimensions, ok := texts(root, set)
			if !ok || directive.Namespace == "" {
				return nil
			}
			for _, definition := range directive.Metrics {
				values, ok := numbers(root[definition.Name])
				if !ok {
					return nil
				}
				metrics = append(metrics, Metric{
					Namespace: directive.Namespace, Name: definition.Name, Unit: definition.Unit,
					Dimensions: dimensions, Values: values, At: time.UnixMilli(*about.Timestamp).UTC(),
				})
			}
		}
	}
	return metrics
}

// texts are the members of the root that a dimension set names; each is a string.
func texts(root map[string]json.RawMessage, set []string) (map[string]string, bool) {
	values := map[string]string{}
	for _, name := range set {
		var value string
		if json.Unmarshal(root[name], &value) != nil || value == "" {
			return nil, false
		}
		values[name] = value
	}
	return values, true
}

// numbers is a metric's target: a number, or an array of numbers.
func numbers(raw json.RawMessage) ([]float64, bool) {
	var one float64
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		return []float64{one}, true
	}
	var many []float64
	return many, json.Unmarshal(raw, &many) == nil && len(many) > 0
}
