package blueprint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

func TestGrants_saySomethingPreciseOrWhyTheyCannot(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, f := range b.Functions {
			for _, g := range f.Grants {
				about := fmt.Sprintf("%s: %v on %v", f.Name, g.Actions, g.Resources)
				if len(g.Actions) == 0 || len(g.Resources) == 0 {
					t.Errorf("%s grants nothing", about)
				}
				for _, action := range g.Actions {
					if strings.Contains(action, "*") || strings.Count(action, ":") != 1 {
						t.Errorf("%s: %s is no single action", about, action)
					}
				}
				if all := slices.Contains(g.Resources, "*"); all != (g.Because != "") {
					t.Errorf("%s: on everything %t, because %q", about, all, g.Because)
				}
				global := !slices.ContainsFunc(g.Actions, func(action string) bool {
					service, _, _ := strings.Cut(action, ":")
					return !slices.Contains([]string{"iam", "route53", "route53-recovery-cluster"}, service)
				})
				if (len(g.Regions) == 0) != global {
					t.Errorf("%s: in the regions %v", about, g.Regions)
				}
				for _, region := range g.Regions {
					if region != b.Primary && region != b.Recovery && !(readsAlarms(f.Name, g) && probes(b, region)) {
						t.Errorf("%s: in %s, which is none of the plan's", about, region)
					}
				}
			}
		}
	})
}

// readsAlarms says whether a grant is decide-failover's on alarms, which it reads
// wherever they are: one that it cannot read is a vote, and stops nothing.
func readsAlarms(function string, g blueprint.Grant) bool {
	return function == "decide-failover" && strings.HasPrefix(g.Actions[0], "cloudwatch:DescribeAlarm")
}

func probes(b *blueprint.Blueprint, from string) bool {
	return slices.ContainsFunc(b.Vantages, func(v *blueprint.Blueprint) bool { return v.Recovery == from })
}

// mayLeaveTheRegion are what acts on the side that is left, and open-run, which sees
// from there whether everything has a point from after a planned run's fence.
var mayLeaveTheRegion = map[string]bool{"fence": true, "keep-fence": true, "open-run": true}

// A run has to succeed while everything of the primary region hangs. The ways back
// act there, when it is back, so a plan is looked at without them.
func TestGrants_ofWhatARunInvokesAreInTheRecoveryRegionAlone(t *testing.T) {
	for name, p := range plans(t) {
		p.Failback, p.Repair = nil, nil
		b, err := blueprint.Compile(p)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range b.Functions {
			protects := slices.ContainsFunc(protect.Functions(), func(p protect.Function) bool { return p.Name == f.Name })
			if protects || f.Name == "publish-ages" || mayLeaveTheRegion[f.Name] {
				continue
			}
			for _, g := range f.Grants {
				if readsAlarms(f.Name, g) {
					continue
				}
				if slices.Contains(g.Regions, b.Primary) || strings.Contains(strings.Join(g.Resources, " "), ":"+b.Primary+":") {
					t.Errorf("%s: %s may act in %s: %v", name, f.Name, b.Primary, g)
				}
			}
		}
	}
}

// What a plan does not name is deleted only if it carries the plan's tag.
func TestGrants_deleteOnlyWhatCarriesThePlansTagOrIsNamed(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, f := range b.Functions {
			for _, g := range f.Grants {
				if g.Condition["StringEquals"]["aws:ResourceTag/pilotlight:plan"] == b.Plan {
					continue
				}
				for _, action := range g.Actions {
					if deletes(action) && !named(action, f.Name, g) {
						t.Errorf("%s may %s on %v under the condition %v", f.Name, action, g.Resources, g.Condition)
					}
				}
			}
		}
	})
}

func deletes(action string) bool {
	service, verb, _ := strings.Cut(action, ":")
	return service != "sqs" && // a message, from the function's own queue
		slices.ContainsFunc([]string{"Delete", "Deregister", "Terminate", "Untag", "RemoveTags"}, func(word string) bool { return strings.HasPrefix(verb, word) })
}

// named says whether a deletion without the plan's tag is of what the plan names, or
// of a note of ours.
func named(action, function string, g blueprint.Grant) bool {
	switch action {
	case "ec2:DeleteTags", "autoscaling:DeleteTags", "ecs:UntagResource", "lambda:UntagResource", "rds:RemoveTagsFromResource":
		key := g.Condition["ForAllValues:StringEquals"]["aws:TagKeys"]
		return (key == lineage.Before || strings.HasPrefix(key, lineage.Registered)) && g.Condition["Null"]["aws:TagKeys"] == "false"
	case "ssm:RemoveTagsFromResource": // of parameters, by their whole names
		return !wild(g.Resources, "")
	case "elasticloadbalancing:DeregisterTargets": // from groups, by name; the rest of an ARN is a random id
		return !wild(g.Resources, "/*")
	case "rds:DeleteDBInstance": // only retire removes what no run has made
		return function == "retire" && !wild(g.Resources, "")
	case "rds:DeleteDBCluster": // the last snapshot that the call makes; the cluster needs the tag
		return !slices.ContainsFunc(g.Resources, func(r string) bool { return !strings.Contains(r, ":cluster-snapshot:") })
	}
	return false
}

// wild says whether a resource holds a wildcard, but for a suffix.
func wild(resources []string, but string) bool {
	return slices.ContainsFunc(resources, func(r string) bool { return strings.Contains(strings.TrimSuffix(r, but), "*") })
}
