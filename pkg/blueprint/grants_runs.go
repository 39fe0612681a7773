package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func approveGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func fenceGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func resumeGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func runPlanGrants(*plan.Plan, []*plan.Step) []Grant { return nil }
