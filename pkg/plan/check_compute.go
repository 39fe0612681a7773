package plan

import (
	"fmt"
	"slices"
	"strings"
)

func checkAssociateAddress(c stepCheck, spec *AssociateAddress) {
	c.instances("instance", spec.Instance)
	c.apart("drill", spec.Drill, spec.Address)
}

func checkRegisterTargets(c stepCheck, spec *RegisterTargets) {
	c.instances("instances", spec.Instances)
	c.apart("drill", spec.Drill, spec.Targets)
}

// instances holds a field against the steps that launch some.
func (c stepCheck) instances(field, value string) {
	path := c.path + "." + field
	refs, _ := References(value)
	for _, r := range refs {
		launched := c.scope.over[r.Step].kind == KindLaunchInstances && r.Output != "instances" && slices.Contains(c.scope.over[r.Step].outputs, r.Output)
		if launched || c.scope.over[r.Step].kind == KindPromoteDatabase {
			c.wrong(path, fmt.Sprintf("%s is no list of instances", r), "${id.instances}, with the id of a launch-instances step")
			return
		}
	}
	c.references(path, value)
}

func checkLaunchInstances(c stepCheck, spec *LaunchInstances) {
	for i, zone := range spec.Zones {
		if c.plan.Recovery != "" && !strings.HasPrefix(zone, c.plan.Recovery) {
			_, acts := c.course.sides()
			c.wrong(fmt.Sprintf("%s.zones[%d]", c.path, i), fmt.Sprintf("%s is not in %s", shorten(zone), acts), "a zone such as "+c.plan.Recovery+"a")
		}
	}
	c.apart("drill-targets", spec.DrillTargets, spec.Targets)
}

func checkRestoreVolumes(c stepCheck, spec *RestoreVolumes) {
	policy, found := c.plan.Policy(spec.Policy)
	instead := c.policiesOf(volumes, spec.Policy)
	switch {
	case spec.Policy == "":
	case !found:
		c.wrong(c.path+".policy", fmt.Sprintf("there is no policy %s", shorten(spec.Policy)), instead)
	case policy.Volumes != nil: // alone, or checkTarget says so
	case policy.Snapshots != nil:
		c.wrong(c.path+".policy", fmt.Sprintf("the policy %s adopts snapshots of another tool, which know neither instance nor device", policy.Name),
			instead+", or volumes in that policy, so that Pilotlight takes the snapshots")
	case policy.target() != "":
		c.wrong(c.path+".policy", fmt.Sprintf("the policy %s protects %s, not volumes", policy.Name, policy.target().noun()), instead)
	}
}

// policiesOf proposes the policies that protect something of a sort.
func (c stepCheck) policiesOf(t target, got string) string {
	var fit []string
	for _, policy := range c.plan.Protect {
		if policy.target() == t {
			fit = append(fit, policy.Name)
		}
	}
	if len(fit) == 0 {
		return fmt.Sprintf("the name of a policy under protect that has %s", t.noun())
	}
	slices.Sort(fit)
	return oneOf(got, slices.Compact(fit))
}

func checkScaleGroup(c stepCheck, spec *ScaleGroup) {
	group, service := c.says("group"), c.says("service")
	switch {
	case !group && !service:
		c.wrong(c.path, "names nothing to scale", "group: storefront-web, or cluster: storefront and service: web")
	case group && service:
		c.wrong(c.path+".service", "one step cannot scale a group and a service", "two steps")
	case service:
		c.needs("a service is in one", "cluster")
		c.idle("an ECS service has a desired count alone", "min", "max")
	default:
		c.idle("a group is in none", "cluster")
		c.checkBounds(spec)
	}
}

// checkBounds holds the sizes against each other; zero leaves a bound as it is.
func (c stepCheck) checkBounds(spec *ScaleGroup) {
	switch {
	case spec.Min > spec.Desired:
		c.wrong(c.path+".desired", fmt.Sprintf("%d is less than the min of %d", spec.Desired, spec.Min), fmt.Sprintf("%d or more", spec.Min))
	case spec.Max > 0 && spec.Max < spec.Desired:
		c.wrong(c.path+".desired", fmt.Sprintf("%d is more than the max of %d", spec.Desired, spec.Max), fmt.Sprintf("%d or less", spec.Max))
	}
}
