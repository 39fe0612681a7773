package plan

import (
	"cmp"
	"fmt"
)

// lintDrill warns of a drill that would touch what serves, or show little.
func (f *file) lintDrill(p *Plan) {
	if p.Drill == nil {
		return
	}
	launches, roles, databases := "", "", ""
	f.located(CourseRecover.list(), p.Recover, func(s *Step, path string) {
		switch spec := s.Spec.(type) {
		case *LaunchInstances:
			launches = path
			if spec.Role != "" {
				roles = path
			}
		case *PromoteDatabase:
			f.lintRehearsed(path, spec)
			if spec.Global == "" {
				databases = path
			}
		case *ShiftTraffic:
			if (spec.Via == ViaWeights || spec.Via == ViaCNAME) && spec.DrillRecord == "" {
				f.warn(path, "a drill leaves it out: it has no record of its own to move", "drill-record: drill."+spec.Record)
			}
		}
	})
	for _, isolation := range []struct {
		field, needed string // needed is the step that does
		missing       bool
		problem       string
	}{
		{"subnets", launches, len(p.Drill.Subnets) == 0, "is in the subnets of production in a drill"},
		{"security-groups", cmp.Or(launches, databases), len(p.Drill.SecurityGroups) == 0, "has the security groups of production in a drill, and may reach it"},
		{"instance-profile", roles, p.Drill.InstanceProfile == "", "has production's rights in a drill, and drains its queues"},
		{"subnet-group", databases, p.Drill.SubnetGroup == "", "has no network of its own in a drill, and fails there"},
	} {
		if isolation.needed != "" && isolation.missing {
			f.warn("drill", fmt.Sprintf("has no %s: what %s makes %s", isolation.field, isolation.needed, isolation.problem), isolation.field+": "+example("drill", isolation.field))
		}
	}
}

// lintRehearsed warns of a promotion that a drill cannot try on a copy.
func (f *file) lintRehearsed(path string, spec *PromoteDatabase) {
	switch {
	case spec.Global != "":
		f.warn(path, "a drill leaves it out: the failover of a global database cannot be tried on a copy", "in the runbook when a planned switchover is done instead")
	case spec.Replica != "" && spec.Points == "":
		f.warn(path, "a drill cannot rehearse it: no policy has recovery points of which a copy could be made", "a policy with database: {instance: …, replica: "+spec.Replica+"}")
	}
}
