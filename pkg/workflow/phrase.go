package workflow

import (
	"fmt"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// The sentences of the step kinds that do one of several things.

func replicates(spec *plan.CreateReplica) string {
	if spec.StandBy {
		return fmt.Sprintf("Makes the database replica %s of %s in the region that is left, so that it stands by again, and waits until it follows.", spec.Replica, spec.Source)
	}
	return fmt.Sprintf("Makes the database replica %s of %s, which is in the other region, and waits until it follows.", spec.Replica, spec.Source)
}

func promotes(spec *plan.PromoteDatabase) string {
	switch {
	case spec.Global != "":
		return fmt.Sprintf("Makes cluster %s the one of the global database %s that accepts writes.", spec.Cluster, spec.Global)
	case spec.Policy != "":
		return fmt.Sprintf("Restores the database of policy %s as %s, which accepts writes.", spec.Policy, spec.As)
	}
	return fmt.Sprintf("Makes the replica %s a primary that accepts writes.", spec.Replica)
}

func scales(spec *plan.ScaleGroup) string {
	if spec.Service != "" {
		return fmt.Sprintf("Brings the ECS service %s of cluster %s to %s.", spec.Service, spec.Cluster, many(spec.Desired, "task"))
	}
	return fmt.Sprintf("Brings the Auto Scaling group %s to %s.", spec.Group, many(spec.Desired, "instance"))
}

// shifts says how users are moved, because that is what tells an operator which
// service to look at when they are not.
func shifts(spec *plan.ShiftTraffic) string {
	how := map[plan.Via]string{
		plan.ViaHealthCheck:    "through its health check, which follows the plan's posture",
		plan.ViaWeights:        fmt.Sprintf("by the weights of its records in zone %s", spec.Zone),
		plan.ViaCNAME:          fmt.Sprintf("to %s, by its record in zone %s", spec.Target, spec.Zone),
		plan.ViaRoutingControl: "through ARC's routing controls",
	}
	return fmt.Sprintf("Sends the users of %s to the region that takes over, %s.", spec.Record, how[spec.Via])
}

func verifies(spec *plan.Verify) string {
	var looks []string
	if spec.URL != "" {
		looks = append(looks, spec.URL+" answers well")
	}
	if spec.Targets != "" {
		looks = append(looks, "all targets of "+spec.Targets+" are healthy")
	}
	if len(spec.Alarms) > 0 {
		looks = append(looks, "the state of "+strings.Join(spec.Alarms, ", ")+" is OK")
	}
	sentence := "Looks until " + strings.Join(looks, " and ")
	if spec.For > 0 {
		sentence += fmt.Sprintf(", for %s without a miss", spec.For)
	}
	return sentence + "."
}

func fenced(spec *plan.Fence) []string {
	var what []string
	if spec.Instances != nil {
		what = append(what, "instances are stopped")
	}
	if len(spec.Groups) > 0 {
		what = append(what, "groups "+strings.Join(spec.Groups, ", ")+" are scaled to nothing")
	}
	if len(spec.Databases) > 0 {
		what = append(what, "databases "+strings.Join(spec.Databases, ", ")+" are closed")
	}
	return what
}

func retired(spec *plan.Retire) []string {
	var what []string
	if spec.Made {
		what = append(what, "what earlier runs of this plan made there")
	}
	if len(spec.Databases) > 0 {
		what = append(what, "databases "+strings.Join(spec.Databases, ", ")+", each with a final snapshot")
	}
	return what
}

// instances are named by their Name tag, or by the step that launched them.
func instances(of string) string {
	if refs, err := plan.References(of); err == nil && len(refs) > 0 {
		return "the instances of step " + refs[0].Step
	}
	return "the instances " + of
}

// asked is a question that ends as one.
func asked(question string) string {
	if strings.HasSuffix(question, "?") || strings.HasSuffix(question, ".") {
		return question
	}
	return question + "?"
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
