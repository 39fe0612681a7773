// Package posture names the metric that says which side of a plan serves. The
// publisher writes it, shift-traffic looks for it, and an alarm with a health
// check hangs traffic on it: one name, so that they cannot drift apart.
//
// It is pure. pkg/posture/publisher puts the metric into CloudWatch.
package posture

import "github.com/pilotlight/pilotlight/pkg/run"

// Metric is the metric's name, without dimensions: PrimaryValue or RecoveryValue.
const Metric = "PrimaryServes"

// What the metric says. A healthy primary record is 1, so that a missing
// publisher and a shifted plan cannot look alike.
const (
	PrimaryValue  = 1.0
	RecoveryValue = 0.0
)

// Namespace is the plan's own: PutMetricData has no resource to grant, but IAM
// can pin it to a namespace (cloudwatch:namespace), so one plan's publisher
// cannot move another plan's traffic.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
func Namespace(plan string) string { return "Pilotlight/" + plan }

// Value is the metric's value when side serves. A plan that was never failed
// over, whose side is empty, is served by its primary.
func Value(side run.Side) float64 {
	if side == run.RecoverySide {
		return RecoveryValue
	}
	return PrimaryValue
}
