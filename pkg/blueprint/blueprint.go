// Package blueprint compiles a plan into everything that is deployed for it:
// functions with their grants, schedules, event rules, the state machine, the
// ledger, the alarm and the health check that traffic hangs on.
//
// It is pure data. The CDK app renders it as two CloudFormation templates, and
// the rehearsal renders the same value as API calls: that is why what a
// rehearsal ran is what a deployment has.
package blueprint

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Blueprint is all that one plan needs in AWS.
type Blueprint struct {
	Plan     string
	Primary  string // region
	Recovery string // region
	// Accounts of the two regions; nil: whatever account is deployed to, for both.
	Accounts *plan.Accounts
	Source   *Role // in the primary account; nil without Accounts

	Table     string // ledger, in the recovery region; string keys "plan" and "item"
	Functions []Function
	Schedules []Schedule
	Rules     []Rule // on the recovery region's default event bus
	Forwards  []Forward
	Machines  []Machine // one a course, the failover's first
	Alarms    []Alarm   // in the recovery region
	Traffic   *Traffic  // nil when no step shifts traffic by health check

	// Vantages are what the plan needs in other regions, each a blueprint with a probe
	// alone, of which that region is the recovery region: it needs none but itself.
	Vantages []*Blueprint
}

// Function is one Lambda: the folder of that name in functions/, deployed once a
// plan so that its role can be scoped to what the plan names.
type Function struct {
	Name       string // folder: "promote-database"
	Deployed   string // function and role name: "pilotlight-storefront-promote-database"
	Purpose    string // one sentence, shown in the console
	Timeout    time.Duration
	MemoryMiB  int
	Concurrent int    // reserved concurrency; 0: none reserved
	Queue      *Queue // nil: schedules and rules invoke it directly
	Input      string // exact JSON, in its environment as names.Input; empty: none is
	Grants     []Grant
}

// Grant is one IAM statement. Resources may hold the tokens ${Account} and
// ${Partition}. Because names the reason when a resource is "*".
type Grant struct {
	Actions   []string // "ec2:CreateVolume"
	Resources []string
	Regions   []string                     // rendered as aws:RequestedRegion; empty for a global service
	Condition map[string]map[string]string // operator → key → value, beside the region's
	Because   string
}

// Schedule invokes a function at an interval, for ever; one that has a queue gets
// a message there instead.
type Schedule struct {
	Name     string
	Every    time.Duration
	Function string // Function.Name
	Input    string // exact JSON
}

// Rule does the same when an event matches. The function gets Input, in which
// EventToken stands for the event.
type Rule struct {
	Name     string
	Pattern  Pattern
	Function string
	Input    string // an InputTemplate; InputPathsMap is {"event": "$"}
}

// Forward sends matching events of the primary region's default bus to the
// recovery region's: a nudge, never needed.
type Forward struct {
	Name    string
	Pattern Pattern
}

// Pattern is an EventBridge event pattern.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type Pattern map[string]any

// Machine is the state machine. Definition holds one token a function,
// ${PromoteDatabaseArn}, that stands for the published version's ARN.
type Machine struct {
	Course     plan.Course
	Name       string
	Definition string
}

// Traffic is the alarm on the posture metric and the health check that follows
// the alarm's data stream: standard resolution, one period, no metric math, or a
// health check could not follow it.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-types.html
type Traffic struct {
	Alarm  Alarm
	Check  string // the health check's Name tag
	NoData string // the health check's InsufficientDataHealthStatus
}
