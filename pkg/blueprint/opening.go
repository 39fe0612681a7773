package blueprint

import (
	"maps"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// openGrants let open-run find the recovery points that a run will use, in the region
// that each course acts in.
func openGrants(p *plan.Plan) []Grant {
	var grants []Grant
	fences := false
	for _, course := range p.Courses() {
		on := p.On(course)
		if on.Recovery == plan.OnPremises {
			continue
		}
		grants = more(grants, see(on.Recovery, "ec2:DescribeImages", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"))
		for _, kind := range kindsOf(p) {
			if len(kind.names) > 0 {
				grants = more(grants, kind.sees(on.Recovery)...)
			}
		}
		for s := range on.Steps() {
			fences = fences || s.Kind == plan.KindFence
		}
	}
	if fences && len(p.Protect) > 0 {
		grants = more(grants, waitGrants(p)...)
	}
	return grants
}

// waitGrants let it ask for points from after a fence, and see when they are there,
// as whoever publishes their ages does.
func waitGrants(p *plan.Plan) []Grant {
	queues := map[string]bool{}
	for _, policy := range p.Protect {
		queues[regional("sqs", p.Recovery, names.Function(p.Name, protect.FunctionOf(policy).Name))] = true
	}
	return append(ageGrants(p), Grant{
		Actions: []string{"sqs:GetQueueUrl", "sqs:SendMessage"}, Resources: slices.Sorted(maps.Keys(queues)), Regions: []string{p.Recovery},
	})
}
