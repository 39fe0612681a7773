package plan

import "time"

// Kind is a step kind's name, as in the plan file and in functions/.
type Kind string

// The step kinds. Each has a spec type in this package, its grants in
// pkg/blueprint, its behaviour in pkg/step and its function in functions.
const (
	KindApprove          Kind = "approve"
	KindAssociateAddress Kind = "associate-address"
	KindCreateReplica    Kind = "create-replica"
	KindCreateStack      Kind = "create-stack"
	KindEventSource      Kind = "event-source"
	KindFence            Kind = "fence"
	KindInvokeFunction   Kind = "invoke-function"
	KindLaunchInstances  Kind = "launch-instances"
	KindPromoteDatabase  Kind = "promote-database"
	KindRegisterTargets  Kind = "register-targets"
	KindResizeInstances  Kind = "resize-instances"
	KindRestoreVolumes   Kind = "restore-volumes"
	KindResumeProtection Kind = "resume-protection"
	KindRetire           Kind = "retire"
	KindRunCommand       Kind = "run-command"
	KindRunPlan          Kind = "run-plan"
	KindScaleGroup       Kind = "scale-group"
	KindSetParameter     Kind = "set-parameter"
	KindShiftTraffic     Kind = "shift-traffic"
	KindVerify           Kind = "verify"
)

// Step is one thing recovery does, or a parallel group of branches, each a
// sequence. A group has Kind "" and two branches or more.
type Step struct {
	ID        string    `json:"id,omitempty"` // unique in the plan; defaults to the kind
	Kind      Kind      `json:"kind,omitempty"`
	Timeout   Duration  `json:"timeout,omitempty"`    // how long the step may take; zero in the file means DefaultTimeout
	OnFailure OnFailure `json:"on-failure,omitempty"` // empty in the file means Pause
	Spec      any       `json:"spec,omitempty"`       // *PromoteDatabase, *LaunchInstances, … by Kind
	Parallel  [][]Step  `json:"parallel,omitempty"`
}

// OnFailure is what becomes of a run whose step fails for good.
type OnFailure string

// Pause asks a person, who says retry, skip or abort. Abort takes back what the
// run made. Continue goes on without the step.
const (
	Pause    OnFailure = "pause"
	Abort    OnFailure = "abort"
	Continue OnFailure = "continue"
)

// DefaultTimeout bounds a step whose plan gives no timeout. Twice the slowest
// single action that the kinds wait for (an RDS promotion with a class change).
const DefaultTimeout = Duration(time.Hour)

// Approve asks a person a question and goes on when the answer is yes. No fails
// the step, and so does nobody's answer within the step's timeout.
type Approve struct {
	Question string `json:"question"`
}

// AssociateAddress moves a pre-allocated Elastic IP to a running instance.
type AssociateAddress struct {
	Address  string `json:"address"`            // allocation id: eipalloc-…
	Instance string `json:"instance,omitempty"` // Name tag of one running instance in the region, or ${step.instances}, whose first is taken
	Drill    string `json:"drill,omitempty"`    // allocation id that a drill takes instead; empty: a drill leaves the step out
}

// CreateReplica makes an RDS read replica in the region from a database in the
// one that is left, and waits until it follows closely. With StandBy it is the
// other way round: the region that is left stands by again.
type CreateReplica struct {
	StandBy        bool     `json:"stand-by,omitempty"`
	Source         string   `json:"source"`          // DB instance identifier in the other region
	Replica        string   `json:"replica"`         // DB instance identifier of the new replica
	Class          string   `json:"class,omitempty"` // empty: the source's
	SubnetGroup    string   `json:"subnet-group,omitempty"`
	SecurityGroups []string `json:"security-groups,omitempty"`
	ParameterGroup string   `json:"parameter-group,omitempty"`
	Key            string   `json:"key,omitempty"` // KMS key of the region; needed when the source is encrypted
	Lag            Duration `json:"lag,omitempty"` // how far it may be behind when the step is done; zero means a minute
}

// CreateStack creates a CloudFormation stack. Its outputs that Outputs names are
// the step's.
type CreateStack struct {
	Stack        string            `json:"stack"`
	Template     string            `json:"template"`             // S3 URL of the template, in the region that the stack is made in
	Parameters   map[string]string `json:"parameters,omitempty"` // values may refer to earlier outputs
	Role         string            `json:"role,omitempty"`       // IAM role that CloudFormation takes on; empty: the step's own rights
	Capabilities []string          `json:"capabilities,omitempty"`
	Outputs      []string          `json:"outputs,omitempty"`
}

// EventSource turns a Lambda event source mapping on or off.
type EventSource struct {
	Function string `json:"function"`
	Source   string `json:"source"` // ARN of the queue, stream or topic
	Enabled  bool   `json:"enabled"`
}

// Fence stops the side that is left from taking writes. In an unplanned run it
// does so beside the run, again and again while the plan is active.
type Fence struct {
	Instances *Selector `json:"instances,omitempty"` // stopped
	Groups    []string  `json:"groups,omitempty"`    // Auto Scaling groups, scaled to nothing
	Databases []string  `json:"databases,omitempty"` // RDS instances, which get SecurityGroup instead of their own
	// SecurityGroup is the id, in the fenced region, of one that admits nobody. Needed with Databases.
	SecurityGroup string `json:"security-group,omitempty"`
}

// InvokeFunction invokes the team's own Lambda again and again until it says that
// it is done. See docs/plan.md for what it is sent and what it answers.
type InvokeFunction struct {
	Function string         `json:"function"` // name, in the region
	Input    map[string]any `json:"input,omitempty"`
	Undo     bool           `json:"undo,omitempty"`    // it understands "op": "undo"; otherwise what it did stays
	Outputs  []string       `json:"outputs,omitempty"` // of its last answer: those that later steps refer to
}

// LaunchInstances starts instances from a launch template of the recovery
// region, spread over zones, and registers them with a target group.
type LaunchInstances struct {
	Template string   `json:"template"`
	Count    int      `json:"count"`
	Types    []string `json:"types,omitempty"` // in order of preference; empty: the template's
	Zones    []string `json:"zones"`
	Targets  string   `json:"targets,omitempty"` // target group name; empty registers nowhere
	// DrillTargets is the target group that a drill registers with; empty: none.
	DrillTargets string `json:"drill-targets,omitempty"`
	// Role is the IAM role of the template's instance profile, which the step must
	// be allowed to hand to the instances. Empty: the template has no profile.
	Role string `json:"role,omitempty"`
	// Image is the image policy that points at Template; Load fills it in. The
	// run launches that policy's pinned image. Empty: the template's own image.
	Image string `json:"image,omitempty"`
}

// PromoteDatabase makes a database of the recovery region one that accepts
// writes. Exactly one of Replica, Global and Policy is set. Its output "endpoint"
// is the database's host name.
type PromoteDatabase struct {
	Replica string `json:"replica,omitempty"` // RDS read replica, DB instance identifier in the region
	Global  string `json:"global,omitempty"`  // Aurora global cluster identifier: failed over, or switched over when planned
	Cluster string `json:"cluster,omitempty"` // with Global: the secondary cluster's identifier in the region
	Policy  string `json:"policy,omitempty"`  // restored from this policy's recovery point, or to a point in time where it has backups
	As      string `json:"as,omitempty"`      // with Policy: identifier of the restored instance or cluster
	Class   string `json:"class,omitempty"`   // instance class after promotion; empty leaves it
	MultiAZ bool   `json:"multi-az,omitempty"`
	// Of a restored database; empty: the region's defaults.
	SubnetGroup    string   `json:"subnet-group,omitempty"`
	SecurityGroups []string `json:"security-groups,omitempty"`
	ParameterGroup string   `json:"parameter-group,omitempty"`
	OptionGroup    string   `json:"option-group,omitempty"`
	// Points is the policy that has recovery points of the database, Database what it
	// protects, and RPO the plan's; Load fills them in. A drill restores a replica's
	// copy from them.
	Points   string    `json:"points,omitempty"`
	Database *Database `json:"database,omitempty"`
	RPO      Duration  `json:"rpo,omitempty"`
}

// Restored is the identifier of the database that the step restores. With Replica
// it restores one in a drill, and beside the replica when a run takes data from
// before a moment.
func (p PromoteDatabase) Restored(asOf bool) string {
	switch {
	case p.As != "":
		return p.As
	case asOf:
		return p.Replica + "-before"
	}
	return p.Replica
}

// RegisterTargets registers running instances with a target group.
type RegisterTargets struct {
	Targets   string `json:"targets"`         // target group name
	Instances string `json:"instances"`       // Name tag of running instances, or ${step.instances}
	Drill     string `json:"drill,omitempty"` // target group that a drill takes instead; empty: a drill leaves the step out
}

// ResizeInstances gives instances that run, or stand by stopped, another type.
type ResizeInstances struct {
	Instances string `json:"instances"` // Name tag of the instances
	Type      string `json:"type"`
}

// RestoreVolumes creates a volume from each snapshot of one consistent set and
// attaches it, in the instance's zone, under its old device name.
type RestoreVolumes struct {
	Policy   string `json:"policy"`
	AttachTo string `json:"attach-to"` // Name tag of running instances in the recovery region, one a protected instance
	// Rate is the VolumeInitializationRate in MiB/s, 100 to 300, which AWS charges
	// for; zero: blocks are loaded when they are first read.
	Rate int `json:"rate,omitempty"`
}

// ResumeProtection turns protection round before the run is over: the side that
// serves from now on is the source.
type ResumeProtection struct{}

// Retire removes, from the region that is left, what is not needed there any more:
// Made is what an earlier run of the plan made there, by its lineage tags.
type Retire struct {
	Made      bool     `json:"made,omitempty"`
	Databases []string `json:"databases,omitempty"` // RDS instances, each with a final snapshot
}

// RunCommand runs an SSM document on instances: a self-managed database is
// promoted this way.
type RunCommand struct {
	Document   string              `json:"document"`
	Parameters map[string][]string `json:"parameters,omitempty"`
	Instances  string              `json:"instances"` // Name tag of running instances
	// Lag is a metric of how far a self-managed replica is behind. A planned run
	// waits until it is at most Most; an unplanned one notes it. Nil: none.
	Lag *Metric `json:"lag,omitempty"`
}

// Metric is a CloudWatch metric of the region without a unit of its own.
type Metric struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
	Most       float64           `json:"most"`
}

// RunPlan runs another plan of the same deployment, in the same mode.
type RunPlan struct {
	Plan string `json:"plan"`
}

// ScaleGroup brings an Auto Scaling group, or an ECS service, to a size. Exactly
// one of Group and Service is set.
type ScaleGroup struct {
	Group   string `json:"group,omitempty"`
	Cluster string `json:"cluster,omitempty"` // with Service
	Service string `json:"service,omitempty"`
	Min     int    `json:"min,omitempty"` // of Group; zero leaves it, but for what Desired needs
	Max     int    `json:"max,omitempty"` // of Group; zero leaves it, but for what Desired needs
	Desired int    `json:"desired"`
}

// SetParameter writes one SSM parameter in the recovery region. Value may refer
// to outputs of earlier steps: ${step-id.output}.
type SetParameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ShiftTraffic moves users to the recovery region. Via "health-check" and
// "routing-control" use data planes alone; "weights" and "cname" change records,
// which needs Route 53's control plane in us-east-1.
type ShiftTraffic struct {
	Record string `json:"record"`
	Via    Via    `json:"via"`
	Zone   string `json:"zone,omitempty"` // of weights and cname: hosted zone id
	// Of weights: set identifiers of the records of the two sides.
	PrimarySet  string `json:"primary-set,omitempty"`
	RecoverySet string `json:"recovery-set,omitempty"`
	Target      string `json:"target,omitempty"`       // of cname: where the name leads then
	DrillRecord string `json:"drill-record,omitempty"` // of weights and cname: what a drill moves instead; empty: a drill leaves the step out
	// Of routing-control: ARNs of the controls, and the cluster's five endpoints.
	PrimaryControl  string            `json:"primary-control,omitempty"`
	RecoveryControl string            `json:"recovery-control,omitempty"`
	Endpoints       []RoutingEndpoint `json:"endpoints,omitempty"`
}

// Via is the way in which traffic is moved.
type Via string

// The ways.
const (
	ViaHealthCheck    Via = "health-check"
	ViaWeights        Via = "weights"
	ViaCNAME          Via = "cname"
	ViaRoutingControl Via = "routing-control"
)

// RoutingEndpoint is one of the five of an ARC cluster.
type RoutingEndpoint struct {
	URL    string `json:"url"`
	Region string `json:"region"`
}

// Verify looks until everything that it names has been well for a while without
// a miss. At least one of URL, Targets and Alarms is set.
type Verify struct {
	URL      string   `json:"url,omitempty"`       // answers 2xx over HTTPS
	DrillURL string   `json:"drill-url,omitempty"` // what a drill asks instead; empty: a drill leaves URL out
	Targets  string   `json:"targets,omitempty"`   // target group whose targets are all healthy
	Alarms   []string `json:"alarms,omitempty"`    // alarms of the region, all OK
	For      Duration `json:"for,omitempty"`       // zero: one good look is enough
}
