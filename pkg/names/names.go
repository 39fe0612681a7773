// Package names is what things are called in AWS. Functions, the CDK app and the
// rehearsal find each other by these names alone, so no function is configured
// with an ARN, and the recovery stack refers to nothing that lives elsewhere.
package names

import "strings"

// prefix marks everything that is deployed for a plan.
const prefix = "pilotlight-"

// Table is the name of a plan's ledger.
func Table(plan string) string { return prefix + plan }

// The ledger's keys, both strings.
const (
	PartitionKey = "plan"
	SortKey      = "item"
)

// Answers is the partition of a plan's ledger that people's answers are in: one of
// its own, because IAM tells who may write by partition key and not by sort key.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
func Answers(plan string) string { return plan + "/answers" }

// Machine is the name of a plan's state machine; course is that of a plan.Course,
// empty for the failover.
func Machine[Course ~string](plan string, course Course) string {
	if course == "" {
		return prefix + plan
	}
	return prefix + plan + "-" + string(course)
}

// Function is the name of a function, and of its role, as deployed for a plan.
func Function(plan, function string) string { return prefix + plan + "-" + function }

// PlanOf is the plan whose queue before the function, or whose topic of signals, has
// the ARN; empty: it is neither.
func PlanOf(arn, function string) string {
	name, ours := strings.CutPrefix(arn[strings.LastIndex(arn, ":")+1:], prefix)
	for _, what := range []string{function, signals} {
		if plan, its := strings.CutSuffix(name, "-"+what); ours && its {
			return plan
		}
	}
	return ""
}

// PostureAlarm is the alarm on the posture metric; the traffic's health check
// follows its data stream.
func PostureAlarm(plan string) string { return prefix + plan + "-primary-serves" }

// BrokenAlarm is the alarm on a policy whose RPO is broken.
func BrokenAlarm(plan, policy string) string { return prefix + plan + "-" + policy + "-rpo-broken" }

// AgingAlarm is the one that warns before it is.
func AgingAlarm(plan, policy string) string { return prefix + plan + "-" + policy + "-rpo-aging" }

// DrillAlarm is the alarm on what drills have left after their time.
func DrillAlarm(plan string) string { return prefix + plan + "-drill-leftovers" }

// ProbeAlarm is the alarm on a plan's probe, in each region that it asks from.
func ProbeAlarm(plan string) string { return prefix + plan + "-probe" }

// Vantage is the name of what probes from a region that is not the recovery region:
// the role of that name is the account's, so the region is part of it.
func Vantage(plan, region string) string { return prefix + plan + "-probe-" + region }

// Heartbeat is the metric that the primary side sends, without dimensions, and
// HeartbeatNamespace its namespace, which is the plan's own.
const Heartbeat = "Heartbeat"

func HeartbeatNamespace(plan string) string { return "Pilotlight/" + plan + "/heartbeat" }

// HeartbeatAlarm is the one on the silence of the primary side's heartbeat.
func HeartbeatAlarm(plan string) string { return prefix + plan + "-heartbeat" }

// Signals is the SNS topic, in the recovery region, to which anybody whom the team
// lets publishes what makes decide-failover look.
func Signals(plan string) string { return prefix + plan + "-" + signals }

const signals = "signals"

// Input is the variable in a function's environment that holds the input of messages
// and events that bring none.
const Input = "PILOTLIGHT_INPUT"

// Source is the name of the role in the primary account that the protection
// functions of a plan take on when the recovery side is an account of its own.
func Source(plan string) string { return prefix + plan + "-source" }

// SourceRole is its ARN.
func SourceRole(plan, region, account string) string {
	return "arn:" + Partition(region) + ":iam::" + account + ":role/" + Source(plan)
}

// ExternalID is what that role asks for, so that nobody whom the recovery account
// also trusts can be made to take it on by mistake.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
func ExternalID(plan string) string { return prefix + plan }

// Partition is the part of AWS that a region belongs to:
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func Partition(region string) string {
	for _, own := range [][2]string{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"},
		{"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
	} {
		if strings.HasPrefix(region, own[0]) {
			return own[1]
		}
	}
	return "aws"
}
