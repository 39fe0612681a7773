package plan

import (
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/names"
)

// checkCourses holds the steps of every course against the plan as the course
// carries it out, and against each other.
func (f *file) checkCourses(p *Plan) {
	for _, course := range p.Courses() {
		if course != CourseRecover && p.Primary == OnPremises {
			f.wrong(course.list(), "acts in the primary region, and the primary side is on-premises", "nothing: leave the field out, and write in the runbook how users come back")
			continue
		}
		on := p.On(course)
		if count(on.Recover) > maxSteps {
			f.wrong(course.list(), fmt.Sprintf("has more than %d steps", maxSteps), "fewer, or several plans")
			continue
		}
		f.checkIDs(on, course)
		f.checkOnce(on, course)
		all := map[string]bool{}
		for s := range on.Steps() {
			all[s.ID] = true
		}
		f.checkSequence(sequence{plan: on, course: course, drill: p.Drill}, course.list(), on.Recover, scope{over: map[string]given{}, all: all})
	}
	f.checkSchedules(p)
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

// checkOnce reports what a run cannot do twice.
func (f *file) checkOnce(p *Plan, course Course) {
	done := map[string]string{}
	f.located(course.list(), p.Recover, func(s *Step, path string) {
		what := ""
		switch spec := s.Spec.(type) {
		case *ResumeProtection:
			what = "turning protection round"
		case *RunPlan:
			what = "plan " + spec.Plan
		}
		switch first, twice := done[what]; {
		case what == "":
		case twice:
			f.wrong(path, fmt.Sprintf("%s is done by %s already", what, first), "one step for it")
		default:
			done[what] = path
		}
	})
}

// maxSchedule is the length of a schedule's name. Each step is checked on one.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
const maxSchedule = 64

// checkSchedules reports a step whose check has no name of its own in AWS.
func (f *file) checkSchedules(p *Plan) {
	taken := map[string]string{}
	for i, policy := range p.Protect {
		taken[policy.Name] = fmt.Sprintf("protect[%d]", i)
	}
	own := map[string]bool{} // ids of a course, which checkIDs compares
	for _, course := range p.Courses() {
		f.located(course.list(), p.On(course).Recover, func(s *Step, path string) {
			what := course.checkOf(s.ID)
			if first, twice := taken[what]; twice && !own[string(course)+"/"+s.ID] {
				f.wrong(path+".id", fmt.Sprintf("its check would be scheduled as %s, a name that %s has taken", what, first), "another id")
			}
			taken[what], own[string(course)+"/"+s.ID] = path, true
			full := names.Function(p.Name, what)
			if long := len(full) - maxSchedule; long > 0 && len(p.Name) <= maxPlanName && len(s.ID) <= maxStepID {
				f.wrong(path+".id", fmt.Sprintf("its check would be scheduled as %s: %d characters, and EventBridge allows %d", full, len(full), maxSchedule),
					fmt.Sprintf("an id of at most %d characters", len(s.ID)-long))
			}
		})
	}
}

// checkOf is what the schedule that checks a step is called.
func (c Course) checkOf(id string) string {
	if c == CourseRecover {
		return "check-" + id
	}
	return "check-" + string(c) + "-" + id
}
