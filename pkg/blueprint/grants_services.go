package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture"
)

func parameterGrants(p *plan.Plan, steps []*plan.Step) []Grant {
	var parameters []string
	for _, s := range steps {
		parameters = append(parameters, regional("ssm", p.Recovery, "parameter"+s.Spec.(*plan.SetParameter).Name))
	}
	return []Grant{{Actions: []string{"ssm:GetParameter", "ssm:PutParameter"}, Resources: parameters, Regions: []string{p.Recovery}}}
}

func shiftGrants(p *plan.Plan, _ []*plan.Step) []Grant {
	return []Grant{{Actions: []string{"cloudwatch:GetMetricStatistics"}, Resources: []string{"*"}, Regions: []string{p.Recovery},
		Because: "GetMetricStatistics has no resource level; it only reads " + posture.Namespace(p.Name)}}
}

func stackGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func eventSourceGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func invokeGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func commandGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func verifyGrants(*plan.Plan, []*plan.Step) []Grant { return nil }
