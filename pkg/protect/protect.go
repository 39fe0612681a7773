// Package protect is what the protection functions share: their input, the look
// at the ledger that every pass begins with, and the result.
//
// A pass is level-triggered. It reads what is there, does what is missing, and
// is safe to run at any time and any number of times; an event only makes it
// look sooner, and nothing in an event is believed. No pass touches a resource
// that does not carry the lineage tags of its plan and policy.
//
// It knows no AWS SDK; snapshots and images below it do.
package protect

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/signal"
)

// Input is what a schedule sends, and with Event what an event rule sends.
type Input struct {
	Plan     string          `json:"plan"`
	Primary  string          `json:"primary"`        // AWS region
	Recovery string          `json:"recovery"`       // AWS region
	Next     string          `json:"next,omitempty"` // AWS region; see plan.Plan
	Accounts *plan.Accounts  `json:"accounts,omitempty"`
	Policy   plan.Policy     `json:"policy"`
	Event    json.RawMessage `json:"event,omitempty"` // the whole EventBridge event
}

// Status is how a pass went.
type Status string

// Reconciled: the pass looked and did what it could. Ignored: it did nothing at
// all, for the reason given.
const (
	Reconciled Status = "Reconciled"
	Ignored    Status = "Ignored"
)

// Result counts what a pass did. Waiting is what it wanted to do and left for a
// later pass: quota, throttling, or a copy of the same volume still in flight.
type Result struct {
	Status  Status `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Taken   int    `json:"taken"`   // sets of snapshots, or images
	Copied  int    `json:"copied"`  // copies begun
	Pointed int    `json:"pointed"` // launch templates and parameters turned
	Marked  int    `json:"marked"`  // points marked for deletion
	Deleted int    `json:"deleted"`
	Waiting int    `json:"waiting"`
	// Announced is what is about to happen and costs more than usual, and what the
	// pass could not make certain, in words.
	Announced []string `json:"announced,omitempty"`
	// Problems are what only a person can mend, each with what to do.
	Problems []string `json:"problems,omitempty"`
}

// Add adds what another part of the same pass did.
func (r *Result) Add(other Result) {
	r.Taken += other.Taken
	r.Copied += other.Copied
	r.Pointed += other.Pointed
	r.Marked += other.Marked
	r.Deleted += other.Deleted
	r.Waiting += other.Waiting
	r.Announced = append(r.Announced, other.Announced...)
	r.Problems = append(r.Problems, other.Problems...)
}

// Ledger is what a pass reads of the plan's state.
type Ledger interface {
	// State is the plan's state and the time at which AWS read it.
	State(ctx context.Context, plan string) (run.State, time.Time, error)
	// Pins are the recovery points that the plan's runs use, by policy.
	Pins(ctx context.Context, plan string) (run.Pins, error)
}

// Function is one protection function, as far as its input goes.
type Function struct {
	Name   string                 // its folder in functions/
	Source string                 // the AWS service whose events it looks at; empty: it takes none
	Events []string               // their detail types
	Claims func(plan.Policy) bool // whether a policy is of its kind
}

// The events that EC2 sends when a snapshot or an image is done or has failed.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html
const (
	SnapshotEvent = "EBS Snapshot Notification"
	SetEvent      = "EBS Multi-Volume Snapshots Completion Status"
	ImageEvent    = "EC2 AMI State Change"
)

// The events that RDS sends of a snapshot, whatever becomes of it.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-cloud-watch-events.html
const (
	DatabaseSnapshotEvent = "RDS DB Snapshot Event"
	ClusterSnapshotEvent  = "RDS DB Cluster Snapshot Event"
)

// The functions: each policy is claimed by one.
var (
	RotateSnapshots = Function{
		Name: "rotate-snapshots", Source: "aws.ec2", Events: []string{SnapshotEvent, SetEvent},
		Claims: func(p plan.Policy) bool { return p.Volumes != nil || p.Snapshots != nil },
	}
	RefreshImages = Function{
		Name: "refresh-images", Source: "aws.ec2", Events: []string{ImageEvent},
		Claims: func(p plan.Policy) bool { return p.Images != nil },
	}
	ProtectDatabases = Function{
		Name: "protect-databases", Source: "aws.rds", Events: []string{DatabaseSnapshotEvent, ClusterSnapshotEvent},
		Claims: func(p plan.Policy) bool { return p.Database != nil },
	}
	WatchReplication = Function{
		Name:   "watch-replication",
		Claims: func(p plan.Policy) bool { return p.Bucket != nil || p.Table != nil },
	}
)

// Functions are all of them.
func Functions() []Function {
	return []Function{RotateSnapshots, RefreshImages, ProtectDatabases, WatchReplication}
}

// FunctionOf is the function that claims a valid policy.
func FunctionOf(p plan.Policy) Function {
	for _, f := range Functions() {
		if f.Claims(p) {
			return f
		}
	}
	return RotateSnapshots
}

// Pass is what one invocation knows before it looks at EC2.
type Pass struct {
	Input
	From    Site            // the side that serves: what is protected is there
	To      Site            // the side that copies go to
	Now     time.Time       // AWS's, of the ledger read
	Wanted  time.Time       // a run wants points from then on; zero: none does
	Pinned  map[string]bool // ids of the points that runs use
	Ignored string          // why nothing is to be done; empty: go on
}

// Begin reads the input and the ledger. It makes no other call, and none at all
// for an input that is refused or an event that is none of the function's.
func (f Function) Begin(ctx context.Context, ledger Ledger, raw json.RawMessage) (Pass, error) {
	in, err := f.Decode(raw)
	if err != nil {
		return Pass{}, err
	}
	pass := Pass{Input: in}
	if pass.Ignored, err = f.ignored(in.Event); err != nil || pass.Ignored != "" {
		return pass, err
	}
	state, now, err := ledger.State(ctx, in.Plan)
	if err != nil {
		return Pass{}, fmt.Errorf("read the posture of plan %s: %w", in.Plan, err)
	}
	pass.Now = now
	if state.Resting() {
		pass.Ignored = fmt.Sprintf("plan %s is failing over: its recovery points stay as they are until that is over", in.Plan)
		return pass, nil
	}
	pass.From, pass.To = in.direction(state.Serving())
	pass.Wanted = state.Wanted
	pins, err := ledger.Pins(ctx, in.Plan)
	if err != nil {
		return Pass{}, fmt.Errorf("read the pins of plan %s: %w", in.Plan, err)
	}
	pass.Pinned = pinned(pins[in.Policy.Name])
	return pass, nil
}

// Counted are the points that count when it is asked whether another is due: while a
// run waits for what was written until its fence, an older one does not, however new.
func (p Pass) Counted(points []lineage.Point) []lineage.Point {
	if p.Wanted.IsZero() {
		return points
	}
	return slices.DeleteFunc(slices.Clone(points), func(one lineage.Point) bool { return one.TakenAt.Before(p.Wanted) })
}

// pinned holds both ends of a copy: a run that uses the copy may need to make it
// again from its source.
func pinned(points []lineage.Point) map[string]bool {
	ids := map[string]bool{}
	for _, p := range points {
		ids[p.ID] = true
		if p.Source != "" {
			ids[p.Source] = true
		}
	}
	return ids
}

// Decode reads an input. Its errors are of class BadInput.
func (f Function) Decode(raw json.RawMessage) (Input, error) {
	var in Input
	if err := input.Decode(f.Name, raw, &in); err != nil {
		return Input{}, err
	}
	if err := input.Need(f.Name,
		input.Field{Name: "plan", Value: in.Plan},
		input.Field{Name: "primary", Value: in.Primary},
		input.Field{Name: "recovery", Value: in.Recovery},
		input.Field{Name: "policy.name", Value: in.Policy.Name},
	); err != nil {
		return Input{}, err
	}
	return in, in.valid(f)
}

// valid holds the policy against the function that got it.
func (in Input) valid(f Function) error {
	kinds, policy := 0, in.Policy
	for _, present := range []bool{policy.Volumes != nil, policy.Images != nil, policy.Snapshots != nil,
		policy.Database != nil, policy.Bucket != nil, policy.Table != nil} {
		if present {
			kinds++
		}
	}
	switch {
	case in.Primary == in.Recovery:
		return failure.BadInputf("primary and recovery are both %s: a copy in the same region protects nothing", in.Primary)
	case kinds != 1 || !f.Claims(policy):
		return failure.BadInputf("policy %s is none of %s's: it must protect one kind of thing, and this function's", policy.Name, f.Name)
	case policy.Every <= 0 || policy.RPO <= 0:
		return failure.BadInputf("policy %s needs an interval and an RPO above zero (every, rpo)", policy.Name)
	}
	for _, selector := range []*plan.Selector{policy.Volumes, policy.Images, policy.Snapshots} {
		if selector != nil && len(selector.Tags) == 0 {
			return failure.BadInputf("policy %s selects by no tag, which would be everything", policy.Name)
		}
	}
	return nil
}

// ignored says why an event is none of the function's; empty for one that is,
// and for no event at all, which is how a schedule asks.
func (f Function) ignored(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var event signal.Event
	if err := json.Unmarshal(raw, &event); err != nil {
		return "", failure.BadInputf("this is not an EventBridge event: %v", err)
	}
	if event.Source == f.Source && slices.Contains(f.Events, event.DetailType) {
		return "", nil
	}
	return fmt.Sprintf("%s has nothing to do with source %q, detail-type %q", f.Name, event.Source, event.DetailType), nil
}
