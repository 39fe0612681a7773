package decide

import (
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Gate is what must be well before a run starts that no person has looked at.
type Gate struct {
	Policies []Protected `json:"policies,omitempty"` // whose points the steps bring back
	Steps    []string    `json:"steps,omitempty"`    // that are checked every half hour
}

// Protected is a policy and the loss that the business agreed to.
type Protected struct {
	Policy string        `json:"policy"`
	RPO    plan.Duration `json:"rpo"`
}

// stale is after how long nobody's word on a step or a policy counts any more: checks
// come every half hour and ages every five minutes, and one that is late is forgiven.
const (
	staleCheck = 70 * time.Minute
	staleAge   = 15 * time.Minute
)

// Outlook is what a run would find that started now.
type Outlook struct {
	Loss       []string // a sentence a policy: how much data would be lost
	Objections []string // what speaks against a start by itself; empty: nothing
}

// Outlook weighs what the ledger last said. Began is when the disaster was first seen:
// data are lost from then on, and what a check found wrong since then is the disaster.
func (g Gate) Outlook(ages []run.Age, ready []run.Readiness, began, now time.Time) Outlook {
	var o Outlook
	for _, p := range g.Policies {
		said, objection := p.loss(ages, began, now)
		o.Loss = append(o.Loss, said)
		if objection {
			o.Objections = append(o.Objections, said)
		}
	}
	for _, step := range g.Steps {
		if problem := red(step, ready, began, now); problem != "" {
			o.Objections = append(o.Objections, problem)
		}
	}
	return o
}

func (p Protected) loss(ages []run.Age, began, now time.Time) (string, bool) {
	for _, age := range ages {
		switch {
		case age.Policy != p.Policy:
		case age.Problem != "":
			return fmt.Sprintf("nobody knows what policy %s would lose: %s", p.Policy, age.Problem), true
		case began.Sub(age.At) > staleAge:
			return fmt.Sprintf("nobody knows what policy %s would lose: it was looked at last at %s", p.Policy, age.At.UTC().Format(time.RFC3339)), true
		case age.Newest.IsZero():
			return fmt.Sprintf("policy %s has a source without a usable recovery point", p.Policy), true
		default:
			lost := plan.Duration(max(began.Sub(age.Newest), 0).Truncate(time.Second))
			return fmt.Sprintf("policy %s would lose the last %s; its RPO is %s", p.Policy, lost, p.RPO), lost > p.RPO
		}
	}
	return fmt.Sprintf("nobody knows what policy %s would lose: nobody has looked at it", p.Policy), true
}

// red is what is wrong with a step; empty: nothing.
func red(step string, ready []run.Readiness, began, now time.Time) string {
	for _, r := range ready {
		switch {
		case r.Course != plan.CourseRecover || r.Step != step:
		case began.Sub(r.At) > staleCheck:
			return fmt.Sprintf("step %s was checked last at %s", step, r.At.UTC().Format(time.RFC3339))
		case len(r.Problems) > 0 && r.Since.Before(began):
			return fmt.Sprintf("step %s is not ready: %s", step, strings.Join(r.Problems, " "))
		default:
			return ""
		}
	}
	return fmt.Sprintf("step %s was never checked", step)
}
