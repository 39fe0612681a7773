// Package names is what things are called in AWS. Functions, the CDK app and the
// rehearsal find each other by these names alone, so no function is configured
// with an ARN, and the recovery stack refers to nothing that lives elsewhere.
package names

// prefix marks everything that is deployed for a plan.
const prefix = "pilotlight-"

// Table is the name of a plan's ledger.
func Table(plan string) string { return prefix + plan }

// The ledger's keys, both strings.
const (
	PartitionKey = "plan"
	SortKey      = "item"
)

// Machine is the name of a plan's state machine.
func Machine(plan string) string { return prefix + plan }

// Function is the name of a function, and of its role, as deployed for a plan.
func Function(plan, function string) string { return prefix + plan + "-" + function }

// PostureAlarm is the alarm on the posture metric; the traffic's health check
// follows its data stream.
func PostureAlarm(plan string) string { return prefix + plan + "-primary-serves" }
