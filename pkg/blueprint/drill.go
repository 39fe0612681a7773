package blueprint

import (
	"maps"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

const reapDrills = "reap-drills"

// reapEvery is how often the reaper looks. A step that it takes back and that is
// not done at once is looked at again by its next pass: nothing waits in a Lambda.
// At 15 minutes a drill of seven steps would have taken the better part of two hours.
const reapEvery = 5 * time.Minute

// reapTimeout is below reapEvery, so that passes rarely meet; they may.
const reapTimeout = 4 * time.Minute

// drills adds the reaper, in a plan that can be drilled, and the alarm on what it
// finds. It deletes nothing itself: all that it may is to ask the plan's own steps.
func (b *Blueprint) drills(p *plan.Plan) error {
	if p.Drill == nil {
		return nil
	}
	b.add(p, reapDrills, append([]Grant{
		b.reads("GetItem", "Query"), b.writes(p.Name),
		{Actions: []string{"lambda:InvokeFunction"}, Resources: b.steps(p), Regions: []string{p.Recovery}},
	}, leftoverGrants(p.Recovery)...)...)
	b.Functions[len(b.Functions)-1].Timeout = reapTimeout
	b.Alarms = append(b.Alarms, Alarm{
		Name:      names.DrillAlarm(p.Name),
		Namespace: drill.Namespace(p.Name), Metric: drill.Leftovers, Statistic: "Maximum", Period: reapEvery, Periods: 2,
		Comparison: "GreaterThanThreshold", MissingData: "breaching",
		Description: "Something that a drill made is still there after its time, or could not be taken back, or nobody knows. The log of " + reapDrills + " says what.",
	})
	return b.schedule(b.named(reapDrills), reapEvery, reapDrills, drill.Request{Plan: p.Name, Recovery: p.Recovery, TTL: p.Drill.TTL})
}

// steps are the functions of the kinds that a drill goes through.
func (b *Blueprint) steps(p *plan.Plan) []string {
	arns := map[string]bool{}
	for s := range p.Steps() {
		arns[b.arn("lambda", "function:"+names.Function(p.Name, string(s.Kind)))] = true
	}
	return slices.Sorted(maps.Keys(arns))
}

// leftoverGrants let who looks for a drill's leftovers read them by their tags.
func leftoverGrants(region string) []Grant {
	return []Grant{
		see(region, "ec2:DescribeInstances", "ec2:DescribeVolumes"),
		{Actions: []string{"tag:GetResources"}, Resources: []string{"*"}, Regions: []string{region}, Because: "GetResources looks across services and has no resource level"},
		{Actions: []string{"rds:DescribeDBInstances", "rds:DescribeDBClusters"}, Resources: []string{regional("rds", region, "db:*"), regional("rds", region, "cluster:*")}, Regions: []string{region}},
		{Actions: []string{"autoscaling:DescribeAutoScalingGroups"}, Resources: []string{"*"}, Regions: []string{region}, Because: "Auto Scaling Describe actions have no resource level"},
	}
}

// drillGrants let open-run read the alarms that keep a drill from beginning.
func drillGrants(p *plan.Plan) []Grant {
	if p.Drill == nil || len(p.Drill.Alarms) == 0 {
		return nil
	}
	return []Grant{{Actions: []string{"cloudwatch:DescribeAlarms"}, Resources: []string{"*"}, Regions: []string{p.Recovery},
		Because: "DescribeAlarms on more than one alarm has no resource level"}}
}
