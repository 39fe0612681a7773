package workflow

import (
	"fmt"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// purpose is a step's Comment: what an operator reads in the console at 3 a.m. It
// names what the step acts on, and speaks of no region by its role, because a
// failback's recovery region is the primary one.
func purpose(s plan.Step) string {
	switch spec := s.Spec.(type) {
	case *plan.Approve:
		return fmt.Sprintf("Asks a person: %s Goes on with yes; no, or no answer within %s, fails the step.", asked(spec.Question), s.Timeout)
	case *plan.AssociateAddress:
		return fmt.Sprintf("Moves the address %s to %s.", spec.Address, instances(spec.Instance))
	case *plan.CreateReplica:
		return replicates(spec)
	case *plan.CreateStack:
		return fmt.Sprintf("Creates the CloudFormation stack %s and waits until it is complete.", spec.Stack)
	case *plan.EventSource:
		if spec.Enabled {
			return fmt.Sprintf("Lets function %s read from %s.", spec.Function, spec.Source)
		}
		return fmt.Sprintf("Stops function %s from reading from %s.", spec.Function, spec.Source)
	case *plan.Fence:
		return fmt.Sprintf("Keeps the side that is left from taking writes: %s.", strings.Join(fenced(spec), "; "))
	case *plan.InvokeFunction:
		return fmt.Sprintf("Invokes the team's function %s until it says that it is done.", spec.Function)
	case *plan.LaunchInstances:
		return fmt.Sprintf("Launches %s from %s in %s.", many(spec.Count, "instance"), spec.Template, strings.Join(spec.Zones, " and "))
	case *plan.PromoteDatabase:
		return promotes(spec)
	case *plan.RegisterTargets:
		return fmt.Sprintf("Registers %s with the target group %s.", instances(spec.Instances), spec.Targets)
	case *plan.ResizeInstances:
		return fmt.Sprintf("Gives the instances %s the type %s; one that runs is stopped for it.", spec.Instances, spec.Type)
	case *plan.RestoreVolumes:
		return fmt.Sprintf("Restores one consistent set of policy %s and attaches it to %s.", spec.Policy, spec.AttachTo)
	case *plan.ResumeProtection:
		return "Turns protection round: from now on the side that serves is the one that is copied."
	case *plan.Retire:
		return fmt.Sprintf("Removes what is not needed any more on the side that is left: %s.", strings.Join(retired(spec), "; "))
	case *plan.RunCommand:
		return fmt.Sprintf("Runs the SSM document %s on the instances %s.", spec.Document, spec.Instances)
	case *plan.RunPlan:
		return fmt.Sprintf("Runs the plan %s in the same mode and waits for its end.", spec.Plan)
	case *plan.ScaleGroup:
		return scales(spec)
	case *plan.SetParameter:
		return fmt.Sprintf("Turns the parameter %s.", spec.Name)
	case *plan.ShiftTraffic:
		return shifts(spec)
	case *plan.Verify:
		return verifies(spec)
	}
	return string(s.Kind)
}
