package setparameter

import (
	"context"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check is not built yet.
func (k *Kind) Check(context.Context, step.Run, plan.SetParameter) ([]string, error) {
	return nil, step.Permanent("the check of this step kind is not built yet")
}

// Undo is not built yet.
func (k *Kind) Undo(context.Context, step.Run, plan.SetParameter) (step.Progress, error) {
	return step.Progress{}, step.Permanent("taking this step kind back is not built yet: do it by hand")
}
