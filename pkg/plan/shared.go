package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lintShared warns of what two plans act on that may run at the same time: nothing
// keeps their runs apart, and each would take back or overwrite what the other did.
// Shared has the plan that acts on a thing first.
func (l loaded) lintShared(fam family, shared map[string]loaded) {
	told := map[string]bool{} // a thing once a plan: several courses act on it
	meet := func(thing, path string) {
		first, known := shared[thing]
		switch {
		case !known:
			shared[thing] = l
		case first.plan.Name == l.plan.Name || told[thing] || fam.related(first.plan.Name, l.plan.Name):
		default:
			told[thing] = true
			l.warn(path, fmt.Sprintf("%s is what plan %s acts on too (%s), and their runs do not wait for each other", thing, first.plan.Name, first.name), "one plan for it, or run-plan in one of the two")
		}
	}
	for i, policy := range l.plan.Protect {
		if only := policy.only(); only != "" {
			meet("the protection of "+only+" in "+l.plan.account(l.plan.Primary), fmt.Sprintf("protect[%d]", i))
		}
	}
	for _, course := range l.plan.Courses() {
		on := l.plan.On(course)
		l.located(course.list(), on.Recover, func(s *Step, path string) {
			for _, thing := range touches(l.plan, on, s.Spec) {
				meet(thing, path)
			}
		})
	}
}

// touches names what a step of a course changes, and where that is. Plan is the
// whole plan, which knows the accounts of its sides.
func touches(p, on *Plan, spec any) []string {
	there, left := " in "+p.account(on.Recovery), " in "+p.account(on.Primary)
	switch spec := spec.(type) {
	case *RestoreVolumes:
		return []string{"instances " + spec.AttachTo + there}
	case *CreateReplica:
		if spec.StandBy {
			return []string{"database " + spec.Replica + left}
		}
		return []string{"database " + spec.Replica + there}
	case *Fence:
		things := append(each("group ", spec.Groups, left), each("database ", spec.Databases, left)...)
		if spec.Instances != nil {
			things = append(things, "instances tagged "+words(spec.Instances.Tags)+left)
		}
		return things
	case *Retire:
		return each("database ", spec.Databases, left)
	case *ResizeInstances:
		return []string{"instances " + spec.Instances + there}
	case *ShiftTraffic:
		return []string{"record " + strings.TrimSuffix(spec.Record, ".")} // of the whole world
	}
	if thing := acts(spec); thing != "" {
		return []string{thing + there}
	}
	return nil
}

func each(what string, names []string, where string) []string {
	var things []string
	for _, name := range names {
		things = append(things, what+name+where)
	}
	return things
}

func words(tags map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, key+"="+tags[key])
	}
	return strings.Join(all, ", ")
}
