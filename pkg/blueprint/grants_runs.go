package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// approveGrants: the step acts on nothing; see beside for whom it tells.
func approveGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

// resumeGrants: the ledger is all that the step changes, and every step may write it.
func resumeGrants(*plan.Plan, []*plan.Step) []Grant { return nil }

// runPlanGrants: the step acts on what is beside its function alone; see beside.
func runPlanGrants(*plan.Plan, []*plan.Step) []Grant { return nil }
