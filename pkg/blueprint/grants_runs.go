package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func approveGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

// resumeGrants: the ledger is all that the step changes, and every step may write it.
func resumeGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

func runPlanGrants(*plan.Plan, []*plan.Step) []Grant { return nil }
