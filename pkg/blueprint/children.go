package blueprint

import (
	"slices"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// children are the plans that the plan's steps run, by name, and the machines that
// they run on.
func children(p *plan.Plan) (plans, machines []string) {
	for _, course := range p.Courses() {
		for s := range p.On(course).Steps() {
			if spec, ok := s.Spec.(*plan.RunPlan); ok {
				plans = append(plans, spec.Plan)
				machines = append(machines, names.Machine(spec.Plan, course))
			}
		}
	}
	slices.Sort(plans)
	slices.Sort(machines)
	return slices.Compact(plans), slices.Compact(machines)
}

// locks let a function take the locks of the plan's children and give them back:
// theirs is a ledger each, beside the plan's own.
func (b *Blueprint) locks(p *plan.Plan) []Grant {
	plans, _ := children(p)
	var grants []Grant
	for _, child := range plans {
		reads, writes := b.reads("GetItem"), b.writes(child)
		reads.Resources = []string{b.arn("dynamodb", "table/"+names.Table(child))}
		writes.Resources = reads.Resources
		grants = append(grants, reads, writes)
	}
	return grants
}

// beside are the grants of a step kind on what is beside its function, whichever
// region its steps act in.
func (b *Blueprint) beside(p *plan.Plan, kind plan.Kind) []Grant {
	switch kind {
	case plan.KindApprove:
		return b.tells(p)
	case plan.KindRunPlan:
		return b.runs(p)
	case plan.KindShiftTraffic:
		return b.watches(p)
	}
	return nil
}

// runs let run-plan start the children's runs, follow them and cancel them.
func (b *Blueprint) runs(p *plan.Plan) []Grant {
	plans, machines := children(p)
	journals, starts := b.reads("Query"), Grant{Actions: []string{"states:StartExecution"}, Regions: []string{b.Recovery}}
	journals.Resources = nil
	answers := Grant{Actions: []string{"lambda:InvokeFunction"}, Regions: []string{b.Recovery}}
	for _, child := range plans {
		journals.Resources = append(journals.Resources, b.arn("dynamodb", "table/"+names.Table(child)))
		answers.Resources = append(answers.Resources, b.arn("lambda", "function:"+names.Function(child, AnswerRun)))
	}
	for _, machine := range machines {
		starts.Resources = append(starts.Resources, b.arn("states", "stateMachine:"+machine))
	}
	return append(b.locks(p), journals, starts, answers)
}
