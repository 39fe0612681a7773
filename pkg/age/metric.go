package age

import (
	"encoding/json"
	"time"
)

// The metrics of a policy, under the dimension Dimension.
const (
	Oldest    = "OldestPoint" // seconds; see Ages.Oldest
	Beyond    = "BeyondRPO"   // sources; see Ages.Beyond
	Dimension = "Policy"
)

// Namespace is the plan's, beside the one of its posture, which belongs to the
// publisher of the posture alone.
//
// What goes through logs is not held to a namespace: IAM's cloudwatch:namespace
// weighs PutMetricData, and here CloudWatch Logs makes the metrics of whatever is
// written to a log group. Who may write to any log may put metrics anywhere; so
// no traffic and no decision hangs on these, only alarms for people.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
func Namespace(plan string) string { return "Pilotlight/" + plan + "/ages" }

// Line is the ages of a policy as one line of the embedded metric format, which
// CloudWatch Logs turns into metrics. A policy none of whose sources has a point
// has no oldest one, and that metric is left out.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (a Ages) Line(plan, policy string, now time.Time) ([]byte, error) {
	metrics := []metric{{Beyond, "Count"}}
	values := map[string]any{"plan": plan, Dimension: policy, "sources": a.Sources, Beyond: a.Beyond}
	if a.Known {
		metrics = append(metrics, metric{Oldest, "Seconds"})
		values[Oldest] = a.Oldest.Seconds()
	}
	values["_aws"] = metadata{
		Timestamp:         now.UnixMilli(),
		CloudWatchMetrics: []directive{{Namespace(plan), [][]string{{Dimension}}, metrics}},
	}
	return json.Marshal(values)
}

type metadata struct {
	Timestamp         int64
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metric struct{ Name, Unit string }
