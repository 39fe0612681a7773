package runplan

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check says where the child would not let itself be run, what its own checks have
// found, and which of its data are older than was agreed: a run that starts by itself
// counts on all of it.
func (k *Kind) Check(ctx context.Context, _ step.Run, spec plan.RunPlan) ([]string, error) {
	child, now, err := k.ledger.State(ctx, spec.Plan)
	if err != nil {
		return nil, fmt.Errorf("is plan %s deployed in the same region and account? %w", spec.Plan, err)
	}
	if child.Posture == run.NeedsPerson {
		return []string{fmt.Sprintf("Plan %s needs a person: see to its run %s, and settle it with pilotlight answer.", spec.Plan, child.Run)}, nil
	}
	ready, _, err := k.ledger.Readiness(ctx, spec.Plan)
	if err != nil {
		return nil, err
	}
	ages, err := k.ledger.Ages(ctx, spec.Plan)
	if err != nil {
		return nil, err
	}
	return append(unready(spec.Plan, child, ready, now), behind(spec.Plan, ages, now)...), nil
}

// unready is what the child's steps lack on the way that it would go next, there or
// back. A note that has grown old is of a step that the plan no longer has.
func unready(name string, child run.State, ready []run.Readiness, now time.Time) (problems []string) {
	fresh := 0
	for _, r := range ready {
		if r.Course == plan.CourseRepair || !child.Ahead(r.Course) || now.Sub(r.At) > run.ReadyFor {
			continue
		}
		fresh++
		if len(r.Problems) > 0 {
			problems = append(problems, fmt.Sprintf("Step %s of plan %s is not ready: %s", r.Step, name, strings.Join(r.Problems, "; ")))
		}
	}
	if fresh == 0 {
		problems = append(problems, fmt.Sprintf("Whether the steps of plan %s would work is not known: nobody has checked them for %s. Invoke its checks, or see whether their schedule runs.", name, plan.Duration(run.ReadyFor)))
	}
	return problems
}

// behind are the child's policies that have no data within their RPO. Nobody looks at
// the age of what a plan without policies protects.
func behind(name string, ages []run.Age, now time.Time) (problems []string) {
	fresh := 0
	for _, age := range ages {
		if now.Sub(age.At) > run.AgedFor {
			continue
		}
		fresh++
		switch {
		case age.Newest.IsZero():
			problems = append(problems, fmt.Sprintf("Policy %s of plan %s has a source without a usable recovery point: all of its data would be lost.", age.Policy, name))
		case age.Beyond:
			problems = append(problems, fmt.Sprintf("Policy %s of plan %s would lose the last %s, more than its RPO.", age.Policy, name, plan.Duration(now.Sub(age.Newest).Truncate(time.Second))))
		}
	}
	if fresh == 0 && len(ages) > 0 {
		problems = append(problems, fmt.Sprintf("Nobody knows what plan %s would lose: its recovery points were not looked at for %s.", name, plan.Duration(run.AgedFor)))
	}
	return problems
}
