package blueprint

import (
	"maps"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

const keepFence = "keep-fence"

// keepEvery is how often an old primary that did not answer is tried again: a
// minute is the finest that EventBridge Scheduler has.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
const keepEvery = time.Minute

// fencing adds keep-fence to a plan that fences its primary. It may do what the
// step may, there alone.
func (b *Blueprint) fencing(p *plan.Plan) error {
	for s := range p.Steps() {
		if s.Kind != plan.KindFence {
			continue
		}
		grants := []Grant{b.reads("GetItem", "Query"), b.writes(p.Name)}
		b.add(p, keepFence, append(grants, fenceGrants(p, []*plan.Step{s})...)...)
		return b.schedule(b.named(keepFence), keepEvery, keepFence, map[string]any{
			"plan": p.Name, "primary": p.Primary, "step": s.ID, "spec": s.Spec,
		})
	}
	return nil
}

// fenceGrants are of the region that is left: what the plan names there may be shut
// and opened again, and bear a note of how it was.
func fenceGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	grants := []Grant{see(p.Primary, "ec2:DescribeInstances", "ec2:DescribeSecurityGroups")}
	var groups, databases []string
	stops := false
	for _, s := range steps {
		spec := s.Spec.(*plan.Fence)
		if spec.Instances != nil {
			stops = true
			grants = append(grants, stopGrants(p.Primary, spec.Instances.Tags)...)
		}
		for _, name := range spec.Groups {
			groups = append(groups, regional("autoscaling", p.Primary, "autoScalingGroup:*:autoScalingGroupName/"+name))
		}
		for _, name := range spec.Databases {
			databases = append(databases, regional("rds", p.Primary, "db:"+name))
		}
	}
	if stops {
		// Whoever starts an instance lets EBS use the keys of its volumes.
		// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
		grants = append(grants, keyGrants(p.Primary)...)
	}
	if len(groups) > 0 {
		grants = append(grants,
			Grant{Actions: []string{"autoscaling:DescribeAutoScalingGroups"}, Resources: []string{"*"}, Regions: []string{p.Primary},
				Because: "Auto Scaling Describe actions have no resource level"},
			Grant{Actions: []string{"autoscaling:UpdateAutoScalingGroup"}, Resources: groups, Regions: []string{p.Primary}},
			Grant{Actions: []string{"autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"}, Resources: groups, Regions: []string{p.Primary}, Condition: noted()})
	}
	if len(databases) > 0 {
		grants = append(grants,
			Grant{Actions: []string{"rds:DescribeDBInstances", "rds:ModifyDBInstance"}, Resources: databases, Regions: []string{p.Primary}},
			Grant{Actions: []string{"rds:AddTagsToResource", "rds:RemoveTagsFromResource"}, Resources: databases, Regions: []string{p.Primary}, Condition: noted()})
	}
	return grants
}

// stopGrants are of the instances that carry the tags alone.
func stopGrants(region string, tags map[string]string) []Grant {
	instances := []string{regional("ec2", region, "instance/*")}
	return []Grant{
		{Actions: []string{"ec2:StartInstances", "ec2:StopInstances"}, Resources: instances, Regions: []string{region}, Condition: carrying(tags)},
		{Actions: []string{"ec2:CreateTags", "ec2:DeleteTags"}, Resources: instances, Regions: []string{region}, Condition: noting(carrying(tags))},
	}
}

// noting limits a tagging call to the note on what also meets a condition.
func noting(what map[string]map[string]string) map[string]map[string]string {
	both := noted()
	maps.Copy(both, what)
	return both
}

// noted limits a tagging call to the note of how something was.
func noted() map[string]map[string]string { return tagging(lineage.Before) }

// tagging limits a tagging call to one tag. A call that names no tag would meet "for
// all values", and takes off all that there are.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
func tagging(key string) map[string]map[string]string {
	return map[string]map[string]string{"ForAllValues:StringEquals": {"aws:TagKeys": key}, "Null": {"aws:TagKeys": "false"}}
}
