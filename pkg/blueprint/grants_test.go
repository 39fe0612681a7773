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
					if region != b.Primary && region != b.Recovery {
						t.Errorf("%s: in %s, which is none of the plan's", about, region)
					}
				}
			}
		}
	})
}

// A run has to succeed while everything of the primary region hangs.
// mayLeaveTheRegion are what acts on the side that is left, and open-run, which sees
// from there whether everything has a point from after a planned run's fence.
var mayLeaveTheRegion = map[string]bool{"fence": true, "keep-fence": true, "open-run": true}

func TestGrants_ofWhatARunInvokesAreInTheRecoveryRegionAlone(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, f := range b.Functions {
			protects := slices.ContainsFunc(protect.Functions(), func(p protect.Function) bool { return p.Name == f.Name })
			if protects || f.Name == "publish-ages" || mayLeaveTheRegion[f.Name] {
				continue
			}
			for _, g := range f.Grants {
				if slices.Contains(g.Regions, b.Primary) || strings.Contains(strings.Join(g.Resources, " "), ":"+b.Primary+":") {
					t.Errorf("%s may act in %s: %v", f.Name, b.Primary, g)
				}
			}
		}
	})
}

func TestGrants_deleteOnlyWhatCarriesThePlansTag(t *testing.T) {
	each(t, func(t *testing.T, b *blueprint.Blueprint) {
		for _, f := range b.Functions {
			for _, g := range f.Grants {
				deletes := slices.ContainsFunc(g.Actions, func(action string) bool {
					service, verb, _ := strings.Cut(action, ":")
					if service == "sqs" { // a message, from the function's own queue
						return false
					}
					if verb == "DeleteTags" && g.Condition["ForAllValues:StringEquals"]["aws:TagKeys"] == lineage.Before {
						return false // a note of how something was, off what the plan names
					}
					return strings.HasPrefix(verb, "Delete") || strings.HasPrefix(verb, "Deregister") || strings.HasPrefix(verb, "Terminate")
				})
				if deletes && g.Condition["StringEquals"]["aws:ResourceTag/pilotlight:plan"] != b.Plan {
					t.Errorf("%s may delete under the condition %v: %v", f.Name, g.Condition, g.Actions)
				}
			}
		}
	})
}
