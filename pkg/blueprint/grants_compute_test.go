package blueprint

import (
	"slices"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// EC2 denies the whole launch for one resource of the template that is not granted.
func TestGrants_ofALaunchAreOfWhateverItsTemplateMayName(t *testing.T) {
	p := &plan.Plan{Name: "shop", Primary: "us-east-1", Recovery: "us-west-2"}
	grants := launchGrants(p, []*plan.Step{{Spec: &plan.LaunchInstances{Template: "web"}}})
	for _, c := range []struct{ action, resource string }{
		{"ec2:RunInstances", "instance/*"}, {"ec2:RunInstances", "volume/*"}, {"ec2:RunInstances", "network-interface/*"},
		{"ec2:RunInstances", "placement-group/*"}, {"ec2:RunInstances", "capacity-reservation/*"},
		{"ec2:CreateTags", "instance/*"}, {"ec2:CreateTags", "volume/*"}, {"ec2:CreateTags", "network-interface/*"},
	} {
		arn := regional("ec2", "us-west-2", c.resource)
		if !slices.ContainsFunc(grants, func(g Grant) bool { return slices.Contains(g.Actions, c.action) && slices.Contains(g.Resources, arn) }) {
			t.Errorf("no %s on %s: %+v", c.action, arn, grants)
		}
	}
	for _, g := range grants {
		if slices.Contains(g.Actions, "ec2:CreateTags") && g.Condition["StringEquals"]["ec2:CreateAction"] != "RunInstances" {
			t.Errorf("tags what was there already: %+v", g)
		}
	}
}
