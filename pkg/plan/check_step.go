package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// sequence is the course that steps belong to. Its plan is as the course carries
// it out; drill is that of the whole plan, of the failover alone.
type sequence struct {
	plan   *Plan
	course Course
	drill  *Drill
}

// stepCheck is what the check of a step kind looks at, beside the spec.
type stepCheck struct {
	*file
	sequence
	path  string // of the step's fields: recover[0].verify
	step  *Step
	scope scope
}

// scope says which steps a step may refer to.
type scope struct {
	over   map[string]given // by id: done before this step begins
	beside map[string]bool  // ids that run at the same time, in another branch
	all    map[string]bool  // every id of the course
}

// given is what a step gives to later ones.
type given struct {
	kind    Kind // empty: the step could not be read, and may give anything
	outputs []string
}

// located visits every step that has a kind, with the path of its fields.
func (f *file) located(list string, steps []Step, visit func(*Step, string)) {
	for i := range steps {
		s, path := &steps[i], f.stepPath(list, i)
		if s.Kind != "" {
			visit(s, path+"."+string(s.Kind))
		}
		for j, branch := range s.Parallel {
			f.located(branchPath(path, j), branch, visit)
		}
	}
}

func branchPath(group string, i int) string { return fmt.Sprintf("%s.%s[%d]", group, parallel, i) }

// stepPath is the path of a list's step. A branch that is a single step has no
// list around it.
func (f *file) stepPath(list string, i int) string {
	if n := f.at[list]; n != nil && n.Kind == yaml.MappingNode {
		return list
	}
	return fmt.Sprintf("%s[%d]", list, i)
}

// checkSequence checks steps in order and returns which are over after the last.
func (f *file) checkSequence(q sequence, list string, steps []Step, in scope) map[string]given {
	now := in
	now.over = maps.Clone(in.over)
	for i := range steps {
		s, path := &steps[i], f.stepPath(list, i)
		if len(s.Parallel) > 0 {
			maps.Copy(now.over, f.checkGroup(q, path, s.Parallel, now))
			continue
		}
		gives := given{}
		if s.Spec != nil {
			c := stepCheck{f, q, path + "." + string(s.Kind), s, now}
			if c.checkPlace() {
				c.checkOnFailure()
				kinds[s.Kind].check(c, s.Spec)
			}
			gives = given{s.Kind, s.Outputs()}
		}
		now.over[s.ID] = gives
	}
	return now.over
}

// checkGroup checks the branches of a parallel group, each beside the others.
func (f *file) checkGroup(q sequence, path string, branches [][]Step, in scope) map[string]given {
	over := map[string]given{}
	for i, branch := range branches {
		now := in
		now.beside = map[string]bool{}
		maps.Copy(now.beside, in.beside)
		for j, other := range branches {
			walk(other, func(s *Step) bool {
				now.beside[s.ID] = now.beside[s.ID] || i != j
				return true
			})
		}
		maps.Copy(over, f.checkSequence(q, branchPath(path, i), branch, now))
	}
	return over
}

// checkPlace refuses a step that has nothing to act on in its course.
func (c stepCheck) checkPlace() bool {
	needsOther := slices.Contains([]Kind{KindFence, KindCreateReplica, KindRetire, KindResumeProtection}, c.step.Kind)
	shift, _ := c.step.Spec.(*ShiftTraffic)
	switch {
	case needsOther && c.course == CourseRepair:
		c.wrong(c.path, "a repair leaves no side: the primary region goes on serving", "the step under recover or failback")
	case needsOther && c.plan.Primary == OnPremises:
		c.wrong(c.path, "acts on the side that is left, which is on-premises: Pilotlight acts in AWS regions alone", "nothing: leave the step out, and write in the runbook who does it there")
	case c.step.Kind == KindFence && c.plan.Accounts != nil && c.course == CourseRecover:
		c.wrong(c.path, "would act in the other account, where nothing that Pilotlight deploys may: that is what keeps the copies safe from there", "approve, and write in the runbook who shuts the other account's side")
	case shift != nil && shift.Via != ViaCNAME && c.course == CourseRepair:
		c.wrong(c.path+".via", "a repair moves no users between regions", "cname, where a name leads to what was repaired")
	default:
		return true
	}
	return false
}

// checkOnFailure refuses to go on without what everything after it counts on.
func (c stepCheck) checkOnFailure() {
	without := map[Kind]string{
		KindApprove:         "a person's no would change nothing",
		KindFence:           "both sides would take writes",
		KindPromoteDatabase: "no database would take writes",
		KindShiftTraffic:    "nobody would reach what was recovered, and the run would end as Recovered",
	}[c.step.Kind]
	if c.step.OnFailure == Continue && without != "" {
		c.wrong(c.path+".on-failure", "continue after a failed "+string(c.step.Kind)+": "+without, "pause or abort")
	}
}

// says whether the step has a field, right or wrong.
func (c stepCheck) says(field string) bool { return c.has(c.path + "." + field) }

// needs reports each field that the step would need.
func (c stepCheck) needs(because string, fields ...string) {
	for _, field := range fields {
		if !c.says(field) {
			c.wrong(c.path, fmt.Sprintf("has no %s: %s", field, because), field+": "+example(string(c.step.Kind), field))
		}
	}
}

// idle reports each field that would have no effect.
func (c stepCheck) idle(because string, fields ...string) {
	for _, field := range fields {
		if c.says(field) {
			c.wrong(c.path+"."+field, "has no effect: "+because, "nothing: leave the field out")
		}
	}
}

// apart reports a field that would lead a drill to what serves.
func (c stepCheck) apart(field, drills, serves string) {
	if drills != "" && drills == serves {
		c.wrong(c.path+"."+field, fmt.Sprintf("%s is what serves: a drill must not touch it", shorten(drills)), "one for drills alone, or leave the field out")
	}
}

// references holds those in a field against the steps before this one. The field's
// format has reported one that is malformed.
func (c stepCheck) references(path, value string) {
	refs, _ := References(value)
	for _, r := range refs {
		if problem, instead := c.scope.refuses(r, c.step.ID); problem != "" {
			c.wrong(path, problem, instead)
		}
	}
}

// refuses says why a step cannot refer to an output; no problem when it can.
func (s scope) refuses(r Reference, self string) (problem, instead string) {
	const earlier = "a reference to a step that is over before this one begins"
	step, over := s.over[r.Step]
	kind, outputs := step.kind, step.outputs
	switch {
	case over && kind == "", over && slices.Contains(outputs, r.Output):
		return "", ""
	case over && (kind == KindCreateStack || kind == KindInvokeFunction):
		return fmt.Sprintf("%s: %s does not list %s under outputs", r, r.Step, r.Output), fmt.Sprintf("outputs: [%s] in %s", r.Output, r.Step)
	case over && len(outputs) == 0:
		return fmt.Sprintf("%s: %s steps have no outputs", r, kind), earlier
	case over:
		problem = fmt.Sprintf("%s: %s steps have no output %s", r, kind, r.Output)
		if near, ok := nearest(r.Output, outputs); ok {
			return problem, Reference{r.Step, near}.String()
		}
		return problem, fmt.Sprintf("${%s.%s}", r.Step, strings.Join(outputs, fmt.Sprintf("} or ${%s.", r.Step)))
	case r.Step == self:
		return fmt.Sprintf("%s: a step cannot refer to itself", r), earlier
	case s.beside[r.Step]:
		return fmt.Sprintf("%s: %s runs in another branch of the same parallel group and may not be over", r, r.Step), "this step after the group"
	case s.all[r.Step]:
		return fmt.Sprintf("%s: %s runs later", r, r.Step), earlier
	}
	if near, ok := nearest(r.Step, slices.Sorted(maps.Keys(s.all))); ok {
		return fmt.Sprintf("%s: there is no step %s", r, r.Step), Reference{near, r.Output}.String()
	}
	return fmt.Sprintf("%s: there is no step %s", r, r.Step), earlier
}
