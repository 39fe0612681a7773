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
	Policies []Protected `json:"policies,omitempty"` // whose data come back
	Steps    []string    `json:"steps,omitempty"`    // that are checked every half hour
}

// Protected is a policy and the loss that the business agreed to.
type Protected struct {
	Policy string        `json:"policy"`
	RPO    plan.Duration `json:"rpo"`
	// Continuous: it is copied without a pause, until the disaster. What was missing
	// when it was looked at last is lost, and not all that was written since then.
	Continuous bool `json:"continuous,omitempty"`
}

const (
	// unseen is how long a disaster may have gone on before the first signal of it. What
	// a check found wrong for the first time in that while is the disaster.
	unseen = 10 * time.Minute
	// apart is how far apart the signals of one disaster may be. One that was there
	// longer before there were enough of them tells of something else.
	apart = 15 * time.Minute
)

// Outlook is what a run would find that started now.
type Outlook struct {
	Loss       []string  // a sentence a policy: how much data would be lost
	Objections []string  // what speaks against a start by itself; empty: nothing
	Since      time.Time // when the disaster began, as far as its signals tell
}

// Outlook weighs what the ledger last said of the time before the disaster: data are
// lost from its beginning on, and what a check has found wrong since then is the disaster.
func (g Gate) Outlook(ages []run.Age, ready []run.Readiness, seen Tally, now time.Time) Outlook {
	began := seen.beginning(now)
	o := Outlook{Since: began}
	for _, p := range g.Policies {
		said, objection := p.loss(ages, began)
		o.Loss = append(o.Loss, said)
		if objection {
			o.Objections = append(o.Objections, said)
		}
	}
	for _, step := range g.Steps {
		if problem := red(step, ready, began); problem != "" {
			o.Objections = append(o.Objections, problem)
		}
	}
	return o
}

// beginning is when the disaster began, as far as its signals tell; now, if they do not.
func (t Tally) beginning(now time.Time) time.Time {
	reached := t.Reached
	if reached.IsZero() {
		reached = now
	}
	if t.Began.IsZero() || reached.Sub(t.Began) > apart {
		return reached
	}
	return t.Began
}

// loss says what a disaster that began then costs, and whether that speaks against a
// start: it is more than the RPO, or nobody knows.
func (p Protected) loss(ages []run.Age, began time.Time) (said string, objection bool) {
	var age run.Age
	for _, a := range ages {
		if a.Policy == p.Policy {
			age = a
		}
	}
	why := age.Problem
	if why == "" {
		why = "nobody has looked since"
	}
	switch {
	case age.At.IsZero() && age.Problem == "":
		return fmt.Sprintf("nobody knows what policy %s would lose: its recovery points were never looked at", p.Policy), true
	case age.At.IsZero():
		return fmt.Sprintf("nobody knows what policy %s would lose: %s", p.Policy, why), true
	case began.Sub(age.At) > run.AgedFor:
		return fmt.Sprintf("nobody knows what policy %s would lose: its recovery points were seen last at %s (%s)", p.Policy, clock(age.At), why), true
	case age.Newest.IsZero():
		return fmt.Sprintf("policy %s has a source without a usable recovery point: all of its data would be lost", p.Policy), true
	}
	until := began
	if p.Continuous && age.At.Before(began) {
		until = age.At
	}
	lost := plan.Duration(max(until.Sub(age.Newest), 0).Truncate(time.Second))
	if lost > p.RPO {
		return fmt.Sprintf("policy %s would lose the last %s, more than its RPO of %s: what it has is of %s", p.Policy, lost, p.RPO, clock(age.Newest)), true
	}
	return fmt.Sprintf("policy %s would lose the last %s, within its RPO of %s: what it has is of %s", p.Policy, lost, p.RPO, clock(age.Newest)), false
}

// red is what was wrong with a step before the disaster; empty: nothing.
func red(step string, ready []run.Readiness, began time.Time) string {
	for _, r := range ready {
		switch {
		case r.Course != plan.CourseRecover || r.Step != step:
		case began.Sub(r.At) > run.ReadyFor:
			return fmt.Sprintf("whether step %s would work is not known: it was checked last at %s", step, clock(r.At))
		case len(r.Problems) > 0 && r.Since.Before(began.Add(-unseen)):
			return fmt.Sprintf("step %s is not ready since %s: %s", step, clock(r.Since), strings.Join(r.Problems, "; "))
		default:
			return ""
		}
	}
	return fmt.Sprintf("whether step %s would work is not known: it was never checked", step)
}

// clock tells a time with its day: what is told of may be old.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
