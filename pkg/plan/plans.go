package plan

import (
	"fmt"
	"slices"
	"strings"
)

// LoadFiles reads and checks the plans of one deployment, each by itself and then
// against the others. Plans are in the order of their files, nil where a finding of
// that file is an Error. See Load.
func LoadFiles(paths []string) ([]*Plan, Findings) {
	all := make([]loaded, len(paths))
	for i, path := range paths {
		all[i] = loadFile(path)
	}
	if len(all) > 1 {
		among(all)
	}
	plans := make([]*Plan, len(all))
	var findings Findings
	for i, l := range all {
		p, own := l.usable()
		plans[i] = p
		findings = append(findings, own...)
	}
	return plans, findings
}

// among finds what one plan alone cannot show. Of a file with an Error it takes the
// plan's name, and holds nothing more against it.
func among(all []loaded) {
	family, sound := family{}, []loaded{}
	for _, l := range all {
		if l.sound {
			sound = append(sound, l)
		}
		first, twice := family[l.plan.Name]
		switch {
		case l.plan.Name == "":
		case twice:
			l.wrong("plan", fmt.Sprintf("%s is the name of the plan in %s too: everything that Pilotlight deploys is named after it", l.plan.Name, first.name), "a name of its own")
		default:
			family[l.plan.Name] = l
		}
	}
	for _, l := range sound {
		l.checkChildren(family)
	}
	shared := map[string]loaded{}
	for _, l := range sound {
		l.lintShared(family, shared)
	}
}

// family is the plans of a deployment by name.
type family map[string]loaded

// runs are the plans that a plan's steps run, with the path of each step's fields.
func (l loaded) runs(visit func(course Course, child, path string)) {
	for _, course := range l.plan.Courses() {
		l.located(course.list(), l.plan.On(course).Recover, func(s *Step, path string) {
			if spec, ok := s.Spec.(*RunPlan); ok {
				visit(course, spec.Plan, path)
			}
		})
	}
}

// way is how one plan comes to run another, their names included; nil: it does not.
func (fam family) way(from, to string, past ...string) (found []string) {
	past = append(past, from)
	l, known := fam[from]
	if !known {
		return nil
	}
	l.runs(func(_ Course, child, _ string) {
		switch {
		case found != nil:
		case child == to:
			found = append(slices.Clone(past), to)
		case !slices.Contains(past, child):
			found = fam.way(child, to, past...)
		}
	})
	return found
}

// related says whether one of two plans runs the other, itself or by others: such a
// run has the locks of both.
func (fam family) related(a, b string) bool {
	return fam.way(a, b) != nil || fam.way(b, a) != nil
}

// checkChildren holds each run-plan against the plan that it names. A step acts on
// ledgers and machines that are beside its own function.
func (l loaded) checkChildren(fam family) {
	l.runs(func(course Course, name, path string) {
		child, known := fam[name]
		if !known {
			l.warn(path+".plan", fmt.Sprintf("no file here has a plan %s: it has to be deployed beside this one before a run needs it", name), "the name of a plan in one of the files, or check that one's file too")
			return
		}
		if !child.sound {
			return
		}
		if way := fam.way(name, l.plan.Name); way != nil {
			l.wrong(path+".plan", fmt.Sprintf("goes round in a circle: %s; the last would wait for the lock of the first", strings.Join(append([]string{l.plan.Name}, way...), " runs ")), "a plan that does not run this one")
			return
		}
		l.checkChild(course, path, child)
	})
}

func (l loaded) checkChild(course Course, path string, child loaded) {
	if at, there := l.plan.account(l.plan.Recovery), child.plan.account(child.plan.Recovery); at != there {
		l.wrong(path+".plan", fmt.Sprintf("%s lives in %s, and this plan in %s, where its steps look for it", child.plan.Name, there, at), "a plan with the same recovery region and account")
	}
	if !slices.Contains(child.plan.Courses(), course) {
		l.wrong(path+".plan", fmt.Sprintf("%s has no %s to run", child.plan.Name, course.list()), course.list()+": in "+child.name+", or leave the step out here")
	}
	if course == CourseRecover && l.plan.Drill != nil && child.plan.Drill == nil {
		l.warn(path+".plan", fmt.Sprintf("a drill stops here: %s has no drill of its own", child.plan.Name), "drill: in "+child.name)
	}
}

// account is a region and, where the plan names one, the account in it.
func (p *Plan) account(region string) string {
	switch {
	case p.Accounts == nil:
		return region
	case region == p.Recovery:
		return region + " of account " + p.Accounts.Recovery
	}
	return region + " of account " + p.Accounts.Primary
}
