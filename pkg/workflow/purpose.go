package workflow

import (
	"fmt"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// purpose is a step's Comment: what an operator reads in the console at 3 a.m.
func purpose(s plan.Step) string {
	switch spec := s.Spec.(type) {
	case *plan.PromoteDatabase:
		return fmt.Sprintf("Makes the replica %s a primary that accepts writes.", spec.Replica)
	case *plan.LaunchInstances:
		return fmt.Sprintf("Launches %d instances from %s in %s.", spec.Count, spec.Template, strings.Join(spec.Zones, " and "))
	case *plan.RestoreVolumes:
		return fmt.Sprintf("Restores one consistent set of policy %s and attaches it to %s.", spec.Policy, spec.AttachTo)
	case *plan.SetParameter:
		return fmt.Sprintf("Turns the parameter %s.", spec.Name)
	case *plan.Verify:
		return fmt.Sprintf("Asks %s until it has answered well for %s.", spec.URL, spec.For)
	case *plan.ShiftTraffic:
		return fmt.Sprintf("Sends the users of %s to the recovery region.", spec.Record)
	}
	return string(s.Kind)
}
