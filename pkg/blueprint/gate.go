package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// gate is what must be well before the plan's failover starts by itself: every step of
// it, and the data that it brings back or that follow by themselves. A database's replica
// and a cluster of a global database have no policy: their step's check tells how far
// behind they are.
func gate(p *plan.Plan) decide.Gate {
	var g decide.Gate
	used := map[string]bool{}
	for s := range p.Steps() {
		g.Steps = append(g.Steps, s.ID)
		used[s.Uses()] = true
	}
	for _, policy := range p.Protect {
		if used[policy.Name] || policy.Bucket != nil || policy.Table != nil {
			g.Policies = append(g.Policies, decide.Protected{Policy: policy.Name, RPO: policy.RPO, Continuous: policy.Continuous()})
		}
	}
	return g
}
