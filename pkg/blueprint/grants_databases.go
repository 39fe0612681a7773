package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func promoteGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var databases []string
	for _, s := range steps {
		databases = append(databases, regional("rds", p.Recovery, "db:"+s.Spec.(*plan.PromoteDatabase).Replica))
	}
	return []Grant{{
		Actions:   []string{"rds:DescribeDBInstances", "rds:PromoteReadReplica", "rds:ModifyDBInstance"},
		Resources: databases, Regions: []string{p.Recovery},
	}}
}

func replicaGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func retireGrants(*plan.Plan, []*plan.Step) []Grant { return nil }
