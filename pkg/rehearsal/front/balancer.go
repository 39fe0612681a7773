package front

import (
	"context"
	"fmt"
)

var balancerParts = map[string]part{
	"elasticloadbalancing.RegisterTargets":      {before: refuseStartingTargets, remember: rememberTargets},
	"elasticloadbalancing.DeregisterTargets":    {remember: forgetTargets},
	"elasticloadbalancing.DescribeTargetHealth": {rewrite: showTargets},
}

// targetID is one target of one group.
func targetID(group, id string) string { return group + " " + id }

// refuseStartingTargets: an instance must be running when it is registered.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
func refuseStartingTargets(f *Front, _ context.Context, x *exchange) *failure {
	for _, id := range member(x.form, "Targets.member", ".Id") {
		if _, unready := f.pending.unready(x.who.Region, id, x.now, instance); unready {
			return fail("InvalidTarget", fmt.Sprintf("The following targets are not in a running state and cannot be registered: '%s'", id))
		}
	}
	return nil
}

func rememberTargets(f *Front, _ context.Context, x *exchange, _ *answer) {
	group := x.form.Get("TargetGroupArn")
	for _, id := range member(x.form, "Targets.member", ".Id") {
		f.pending.begin(x.taking(target, targetID(group, id), f.durations.TargetHealthy))
	}
}

func forgetTargets(f *Front, _ context.Context, x *exchange, _ *answer) {
	for _, id := range member(x.form, "Targets.member", ".Id") {
		f.pending.forget(x.who.Region, targetID(x.form.Get("TargetGroupArn"), id), target)
	}
}

// showTargets says "initial" of a target until it has passed its health checks.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
func showTargets(f *Front, x *exchange, a *answer) *failure {
	if f.pending.none(x.who.Region, x.now) {
		return nil
	}
	for _, item := range a.xml().FindElements("//TargetHealthDescriptions/member") {
		id := targetID(x.form.Get("TargetGroupArn"), text(item, "Target/Id"))
		health := item.SelectElement("TargetHealth")
		if _, unready := f.pending.unready(x.who.Region, id, x.now, target); unready && health != nil {
			put(health, "State", "initial")
			put(health, "Reason", "Elb.RegistrationInProgress")
			put(health, "Description", "Target registration is in progress")
		}
	}
	return nil
}
