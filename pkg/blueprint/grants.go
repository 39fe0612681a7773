package blueprint

import (
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/probe"
)

// Most functions get the same room: none computes anything, and memory buys the
// CPU that shortens a cold start. Those that hold every recovery point of a policy
// get more: 10,000 points take some 26 MiB, a pass has the time to list about
// 27,000 at each of three sites, so 80,000 take 210 MiB, and Go's collector lets a
// heap grow to twice what is in use.
// https://go.dev/doc/gc-guide
const (
	functionTimeout   = time.Minute
	functionMemoryMiB = 256
	listingMemoryMiB  = 512
)

// purposes are the functions' descriptions in the console.
var purposes = map[string]string{
	"rotate-snapshots":  "Takes, copies and retires the snapshots of a protection policy.",
	"refresh-images":    "Makes, copies and retires images, and points the recovery region at the newest usable one.",
	"watch-replication": "Says what is wrong with the replication of a bucket or a table.",
	"protect-databases": "Has a database's backups replicated, or takes, copies and retires its snapshots.",
	"decide-failover":   "Looks at the plan's signals and starts exactly one run, or asks, when enough of them say disaster.",
	"open-run":          "Takes up a run and pins the recovery points it will use.",
	"hold-step":         "Asks a person what becomes of a step that failed, and waits for the answer.",
	AnswerRun:           "Takes what a person says to a run: retry, skip, abort, yes, no, planned, unplanned.",
	"close-run":         "Says how a run ended and moves the plan's posture there.",
	"promote-database":  "Step: makes a database replica a primary.",
	"approve":           "Step: asks a person a question and goes on when the answer is yes.",
	"associate-address": "Step: moves a pre-allocated Elastic IP to a running instance.",
	"create-replica":    "Step: makes a database replica in the other region and waits until it follows.",
	"create-stack":      "Step: creates a CloudFormation stack.",
	"event-source":      "Step: turns a Lambda event source mapping on or off.",
	"fence":             "Step: stops the side that is left from taking writes.",
	keepFence:           "Fences an old primary that did not answer during the failover, as soon as it does.",
	"invoke-function":   "Step: invokes the team's own function until it is done.",
	"register-targets":  "Step: registers instances with a target group.",
	"resize-instances":  "Step: gives instances another type.",
	"resume-protection": "Step: turns protection round, so that the side that serves now is the source.",
	"retire":            "Step: removes what is not needed any more on the side that is left.",
	"run-command":       "Step: runs an SSM document on instances.",
	"run-plan":          "Step: runs another plan.",
	"scale-group":       "Step: brings an Auto Scaling group or an ECS service to its size.",
	"launch-instances":  "Step: launches instances and registers them with their target group.",
	"restore-volumes":   "Step: restores volumes from one consistent set and attaches them.",
	"set-parameter":     "Step: turns an SSM parameter.",
	"verify":            "Step: asks the recovered application over HTTPS.",
	"shift-traffic":     "Step: sends users to the recovery region.",
	probe.Function:      "Asks the workload from outside, every minute, and publishes what it saw.",
	"publish-posture":   "Turns the ledger's posture into the metric that traffic follows.",
	reapDrills:          "Removes what drills that were interrupted have left, and says what is still there.",
	publishAges:         "Turns the ages of the recovery points into metrics, a policy each.",
}

// describeBecause is why EC2's Describe actions are granted on "*".
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
const describeBecause = "EC2 Describe actions have no resource level"

// regional is an ARN of the deployment's account.
func regional(service, region, resource string) string {
	return "arn:${Partition}:" + service + ":" + region + ":${Account}:" + resource
}

// unowned is an EC2 resource whose ARN has no account: snapshots and images.
func unowned(region, resource string) string {
	return "arn:${Partition}:ec2:" + region + "::" + resource
}

func see(region string, actions ...string) Grant {
	return Grant{Actions: actions, Resources: []string{"*"}, Regions: []string{region}, Because: describeBecause}
}

// stepGrants are what the steps of each kind may do, narrowed to what the plan
// names: in the region that they act in (the plan's Recovery, as plan.On gives it),
// and of a fence, and of what stands by again, in the one that is left.
var stepGrants = map[plan.Kind]func(*plan.Plan, []*plan.Step) []Grant{
	plan.KindApprove:          approveGrants,
	plan.KindAssociateAddress: addressGrants,
	plan.KindCreateReplica:    replicaGrants,
	plan.KindCreateStack:      stackGrants,
	plan.KindEventSource:      eventSourceGrants,
	plan.KindFence:            fenceGrants,
	plan.KindInvokeFunction:   invokeGrants,
	plan.KindLaunchInstances:  launchGrants,
	plan.KindPromoteDatabase:  promoteGrants,
	plan.KindRegisterTargets:  registerGrants,
	plan.KindResizeInstances:  resizeGrants,
	plan.KindRestoreVolumes:   restoreGrants,
	plan.KindResumeProtection: resumeGrants,
	plan.KindRetire:           retireGrants,
	plan.KindRunCommand:       commandGrants,
	plan.KindRunPlan:          runPlanGrants,
	plan.KindScaleGroup:       scaleGrants,
	plan.KindSetParameter:     parameterGrants,
	plan.KindShiftTraffic:     shiftGrants,
	plan.KindVerify:           verifyGrants,
}

// ours is true of a resource that carries the plan's lineage tag.
func ours(p *plan.Plan) map[string]map[string]string {
	return map[string]map[string]string{"StringEquals": {"aws:ResourceTag/" + lineage.Plan: p.Name}}
}
