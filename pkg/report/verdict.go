package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Verdict is whether the run was as it should be, with one sentence for each
// thing that was not. Nothing measured counts as not as it should be.
func (r *Report) Verdict() (ok bool, problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if r.End != run.Recovered {
		why := because(r.Reason)
		if slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Outcome == Failed }) {
			why = "" // the step's own sentence says it
		}
		if r.Posture == run.NeedsPerson {
			why = ", and the plan needs a person" + why
		}
		add("The run ended %s, not Recovered%s.", cmp.Or(string(r.End), "without a result"), why)
	}
	for _, s := range r.Steps {
		switch s.Outcome {
		case Failed:
			add("Step %s failed%s.", s.Name, because(s.Detail))
		case Unfinished:
			add("Step %s had begun and was not done when the run ended.", s.Name)
		}
	}
	for _, m := range []struct {
		name string
		Measure
	}{{"RTO", r.RTO}, {"RPO", r.RPO}} {
		switch {
		case m.MeasuredSeconds == nil && m.Unneeded != "":
		case m.MeasuredSeconds == nil:
			add("The %s was not measured%s.", m.name, because(m.WhyNot))
		case !m.Within():
			add("The %s is %s, %s over the objective of %s.", m.name, words(*m.MeasuredSeconds),
				words(*m.MeasuredSeconds-m.ObjectiveSeconds), words(m.ObjectiveSeconds))
		}
	}
	for _, p := range r.RecoveryPoints {
		if !p.Within() {
			add("The recovery point of %s was %s old, which is over the %s of policy %s.",
				p.Source, words(p.AgeSeconds), words(p.ObjectiveSeconds), p.Policy)
		}
	}
	if len(r.Checks) == 0 {
		add("Nothing was checked after the run.")
	}
	for _, c := range r.Checks {
		if !c.OK {
			add("A check failed: %s (seen: %s).", c.What, cmp.Or(c.Seen, "nothing"))
		}
	}
	for _, l := range r.Leftovers {
		add("Left over: %s.", l)
	}
	problems = append(problems, r.Problems...)
	return len(problems) == 0, problems
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(reason, ".")
}

// Within is whether it was measured and is no longer than the objective.
func (m Measure) Within() bool {
	return m.MeasuredSeconds != nil && *m.MeasuredSeconds <= m.ObjectiveSeconds
}

// Within is whether the point was no older than its policy allows.
func (p RecoveryPoint) Within() bool {
	return p.ObjectiveSeconds == 0 || p.AgeSeconds <= p.ObjectiveSeconds
}
