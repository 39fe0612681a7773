package plan

// Course is one of the lists of steps that a plan has. Each is compiled to a state
// machine of its own.
type Course string

// The courses.
const (
	CourseRecover  Course = ""
	CourseFailback Course = "failback"
	CourseRepair   Course = "repair"
)

// list is the field of the plan that has the course's steps.
func (c Course) list() string {
	if c == CourseRecover {
		return "recover"
	}
	return string(c)
}

// sides are the words for the region that the course leaves and for the one that
// its steps act in.
func (c Course) sides() (leaves, acts string) {
	if c == CourseRecover {
		return "the primary region", "the recovery region"
	}
	return "the recovery region", "the primary region"
}

// Courses of the plan, in a fixed order.
func (p *Plan) Courses() []Course {
	courses := []Course{CourseRecover}
	if len(p.Failback) > 0 {
		courses = append(courses, CourseFailback)
	}
	if len(p.Repair) > 0 {
		courses = append(courses, CourseRepair)
	}
	return courses
}

// On is the plan as one course carries it out: its Recover are the course's steps,
// its Recovery is the region that they act in, and its Primary the one that is left.
// A failback goes the other way round, a repair stays in the primary region.
func (p *Plan) On(c Course) *Plan {
	on := *p
	switch c {
	case CourseFailback:
		on.Primary, on.Recovery, on.Recover = p.Recovery, p.Primary, p.Failback
	case CourseRepair:
		on.Recovery, on.Recover = p.Primary, p.Repair
	default:
		return p
	}
	on.Failback, on.Repair, on.Drill = nil, nil, nil
	return &on
}
