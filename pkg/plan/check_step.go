package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// stepCheck is what the check of a step kind looks at, beside the spec.
type stepCheck struct {
	*file
	plan  *Plan
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

// checkCourse holds each step of a course against the plan as the course carries
// it out, and against the steps before it.
func (f *file) checkCourse(p *Plan, course Course) {
	list := course.list()
	if count(p.Recover) > maxSteps {
		f.wrong(list, fmt.Sprintf("has more than %d steps", maxSteps), "fewer, or several plans")
		return
	}
	all := map[string]bool{}
	for s := range p.Steps() {
		all[s.ID] = true
	}
	f.checkIDs(p, course)
	f.checkSequence(p, list, p.Recover, scope{over: map[string]given{}, all: all})
}

// count is the number of steps and groups, those that could not be read too.
func count(steps []Step) int {
	n := len(steps)
	for _, s := range steps {
		for _, branch := range s.Parallel {
			n += count(branch)
		}
	}
	return n
}

// checkIDs reports an id that two steps have, said or by default.
func (f *file) checkIDs(p *Plan, course Course) {
	taken := map[string]string{}
	f.located(course.list(), p.Recover, func(s *Step, path string) {
		first, twice := taken[s.ID]
		switch {
		case !twice:
			taken[s.ID] = path
		case f.at[path+".id"] == nil:
			f.wrong(path, fmt.Sprintf("a second step without an id is called %s, as %s is", s.ID, first), "id: and a name of its own")
		default:
			f.wrong(path+".id", fmt.Sprintf("%s is taken by %s", s.ID, first), "an id of its own")
		}
	})
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
func (f *file) checkSequence(p *Plan, list string, steps []Step, in scope) map[string]given {
	now := in
	now.over = maps.Clone(in.over)
	for i := range steps {
		s, path := &steps[i], f.stepPath(list, i)
		if len(s.Parallel) > 0 {
			maps.Copy(now.over, f.checkGroup(p, path, s.Parallel, now))
			continue
		}
		gives := given{}
		if s.Spec != nil {
			kinds[s.Kind].check(stepCheck{f, p, path + "." + string(s.Kind), s, now}, s.Spec)
			gives = given{s.Kind, s.Outputs()}
		}
		now.over[s.ID] = gives
	}
	return now.over
}

// checkGroup checks the branches of a parallel group, each beside the others.
func (f *file) checkGroup(p *Plan, path string, branches [][]Step, in scope) map[string]given {
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
		maps.Copy(over, f.checkSequence(p, branchPath(path, i), branch, now))
	}
	return over
}

func checkLaunchInstances(c stepCheck, spec *LaunchInstances) {
	for i, zone := range spec.Zones {
		if c.plan.Recovery != "" && !strings.HasPrefix(zone, c.plan.Recovery) {
			c.wrong(fmt.Sprintf("%s.zones[%d]", c.path, i), fmt.Sprintf("%s is not in the recovery region", shorten(zone)), "a zone such as "+c.plan.Recovery+"a")
		}
	}
}

func checkRestoreVolumes(c stepCheck, spec *RestoreVolumes) {
	var volumes []string
	for _, policy := range c.plan.Protect {
		if policy.Volumes != nil {
			volumes = append(volumes, policy.Name)
		}
	}
	policy, found := c.plan.Policy(spec.Policy)
	instead := "the name of a policy under protect that has volumes"
	if len(volumes) > 0 {
		slices.Sort(volumes)
		instead = oneOf(spec.Policy, slices.Compact(volumes))
	}
	switch {
	case spec.Policy == "":
	case !found:
		c.wrong(c.path+".policy", fmt.Sprintf("there is no policy %s", shorten(spec.Policy)), instead)
	case policy.Volumes != nil: // alone, or checkTarget says so
	case policy.Snapshots != nil:
		c.wrong(c.path+".policy", fmt.Sprintf("the policy %s adopts snapshots of another tool, which know neither instance nor device", policy.Name),
			instead+", or volumes in that policy, so that Pilotlight takes the snapshots")
	case policy.target() != "":
		c.wrong(c.path+".policy", fmt.Sprintf("the policy %s protects %s, not volumes", policy.Name, policy.target().noun()), instead)
	}
}

func checkVerify(c stepCheck, spec *Verify) {
	if spec.For >= c.step.Timeout {
		c.wrong(c.path+".for", fmt.Sprintf("%s of good answers do not fit in the step's timeout of %s", spec.For, c.step.Timeout),
			fmt.Sprintf("a longer timeout than %s", spec.For))
	}
}

func checkSetParameter(c stepCheck, spec *SetParameter) { c.references(c.path+".value", spec.Value) }

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
