package plan

import (
	"iter"
)

// Steps yields every step of the plan that does something, in file order, the
// branches of a parallel group one after the other. Groups are not yielded.
func (p *Plan) Steps() iter.Seq[*Step] {
	return func(yield func(*Step) bool) { walk(p.Recover, yield) }
}

func walk(steps []Step, yield func(*Step) bool) bool {
	for i := range steps {
		s := &steps[i]
		if s.Kind != "" {
			if !yield(s) {
				return false
			}
			continue
		}
		for _, branch := range s.Parallel {
			if !walk(branch, yield) {
				return false
			}
		}
	}
	return true
}

// Policy finds a protection policy by name.
func (p *Plan) Policy(name string) (*Policy, bool) {
	for i := range p.Protect {
		if p.Protect[i].Name == name {
			return &p.Protect[i], true
		}
	}
	return nil, false
}

// Uses is the policy whose recovery points the step brings back or launches from;
// empty: it needs none.
func (s *Step) Uses() string {
	switch spec := s.Spec.(type) {
	case *RestoreVolumes:
		return spec.Policy
	case *LaunchInstances:
		return spec.Image
	case *PromoteDatabase:
		return spec.Policy
	}
	return ""
}
