package plan

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/names"
)

func (f *file) lintCourses(p *Plan) {
	for _, course := range p.Courses() {
		on := p.On(course)
		f.lintResources(on, course)
		f.lintPlaces(on, course)
		if course == CourseRepair {
			continue // which moves nobody
		}
		f.lintShift(on, course)
		f.lintFence(p, on, course)
	}
	if len(p.Failback) == 0 && p.Primary != OnPremises {
		f.warn("recover", "there is no failback: nobody has thought of the way back before it is needed", "failback: a list of steps that act in "+p.Primary+"; docs/plan.md has one")
	}
}

// lintShift warns of users whom nobody sends anywhere, or too early.
func (f *file) lintShift(on *Plan, course Course) {
	leaves, acts := course.sides()
	records := map[string]bool{}
	child := false
	for s := range on.Steps() {
		switch spec := s.Spec.(type) {
		case *ShiftTraffic:
			records[spec.Record] = true
		case *RunPlan:
			child = true // which may shift
		}
	}
	if len(records) == 0 && !child {
		f.warn(course.list(), "no step sends anybody to "+acts, "shift-traffic: {record: shop.example.com, via: health-check} as the last step")
	}
	verified, protects := on.Strategy == MultiSite, "" // where both sides serve all the time
	f.located(course.list(), on.Recover, func(s *Step, path string) {
		switch spec := s.Spec.(type) {
		case *ResumeProtection:
			protects = path
		case *Verify:
			if u, err := url.Parse(spec.URL); err == nil && !verified && records[u.Hostname()] {
				f.warn(path+".url", "asks the name that still leads to "+leaves, "a name that always leads to "+acts)
			}
			verified = true
		case *ShiftTraffic:
			if !verified {
				f.warn(path, "sends people to an application that nothing has asked for a page yet", "a verify step before it")
			}
			if protects != "" {
				f.warn(protects, "turns protection round while users still write to "+leaves, "it after the last shift-traffic")
			}
			verified, protects = true, ""
		}
	})
}

// lintFence warns of two sides that take writes. Who never goes back may do without
// a fence: nothing joins the two again. Neither needs one whose data are in DynamoDB's
// global tables alone, which both sides write at any time: what one of them wrote reaches
// the other as soon as it can.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
func (f *file) lintFence(p, on *Plan, course Course) {
	leaves, _ := course.sides()
	fenced := false
	f.located(course.list(), on.Recover, func(s *Step, path string) {
		if spec, ok := s.Spec.(*Fence); ok {
			fenced = true
			if len(spec.Databases) > 0 && spec.Instances == nil && len(spec.Groups) == 0 {
				f.warn(path, "sessions that a database has already go on writing: a security group stops new ones", "the databases' clients under instances or groups")
			}
		}
	})
	refused := p.Accounts != nil && course == CourseRecover // see checkPlace
	joined := len(p.Protect) > 0 && !slices.ContainsFunc(p.Protect, func(policy Policy) bool { return policy.Table == nil })
	if !fenced && !refused && !joined && len(p.Failback) > 0 {
		f.warn(course.list(), "nothing keeps "+leaves+" from taking writes that the way back would lose", "fence: {instances: "+examples["selector"]+"} before the database is promoted")
	}
}

// lintResources warns of two steps that act on one thing: the second undoes what
// the first did, and side by side nobody knows which is the second.
func (f *file) lintResources(on *Plan, course Course) {
	first := map[string]string{}
	f.located(course.list(), on.Recover, func(s *Step, path string) {
		what := acts(s.Spec)
		if what == "" {
			return
		}
		if before, twice := first[what]; twice {
			f.warn(path, fmt.Sprintf("acts on %s, as %s does", what, before), "one step for it")
			return
		}
		first[what] = path
	})
}

// acts names the one thing that a step changes; empty when it may be several, or
// none. A template may well be launched twice.
func acts(spec any) string {
	switch spec := spec.(type) {
	case *AssociateAddress:
		return "address " + spec.Address
	case *CreateReplica:
		if spec.StandBy {
			return "database " + spec.Replica + " of the side that is left"
		}
		return "" // which a promotion of the same one follows
	case *CreateStack:
		return "stack " + spec.Stack
	case *EventSource:
		return "function " + spec.Function + " and " + spec.Source
	case *PromoteDatabase:
		return "database " + spec.Replica + spec.Cluster + spec.As
	case *ResizeInstances:
		return "the type of " + spec.Instances
	case *RestoreVolumes:
		return "the volumes of policy " + spec.Policy
	case *ScaleGroup:
		if spec.Service != "" {
			return "service " + spec.Service + " of " + spec.Cluster
		}
		return "group " + spec.Group
	case *SetParameter:
		return "parameter " + spec.Name
	case *ShiftTraffic:
		return "record " + spec.Record
	}
	return ""
}

// lintPlaces warns of a step that would need what a disaster may have taken: the
// region that is left, or a control plane that lives elsewhere. A failback is
// planned, when all of them are there.
func (f *file) lintPlaces(on *Plan, course Course) {
	f.located(course.list(), on.Recover, func(s *Step, path string) {
		if spec, ok := s.Spec.(*LaunchInstances); ok && spec.Count > 1 && len(spec.Zones) == 1 {
			f.warn(path+".zones", "all instances are in one zone", "two zones or more")
		}
		if course != CourseRecover {
			return
		}
		switch s.Spec.(type) {
		case *CreateReplica:
			f.warn(path, "needs the region that is left, which is gone in a disaster", "it under failback, and here promote-database with a replica that is there beforehand")
		case *Retire:
			f.warn(path, "removes what the way back needs, in a region that is gone in a disaster", "it at the end of failback")
		}
		if on.Recovery != controlPlanes && names.Partition(on.Recovery) == names.Partition(controlPlanes) {
			f.lintControlPlanes(path, s)
		}
	})
}

// controlPlanes is where AWS changes what is global: roles, and records of Route 53.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
const controlPlanes = "us-east-1"

// lintControlPlanes warns of a step that would need them.
func (f *file) lintControlPlanes(path string, s *Step) {
	switch spec := s.Spec.(type) {
	case *CreateStack:
		f.lintStack(path, spec)
	case *PromoteDatabase:
		if spec.Policy != "" {
			f.warn(path, "makes a database with a new endpoint, whose name needs Route 53's control plane in "+controlPlanes, "promote-database: {replica: …} with a read replica that is there beforehand")
		}
	case *ShiftTraffic:
		if spec.Via == ViaWeights || spec.Via == ViaCNAME {
			f.warn(path+".via", string(spec.Via)+" changes records, which needs Route 53's control plane in "+controlPlanes, string(ViaHealthCheck)+", which needs data planes alone")
		}
	}
}

// lintStack warns of what a stack makes through other regions. What else is in its
// template, the step's own check reads in AWS.
func (f *file) lintStack(path string, spec *CreateStack) {
	for i, c := range spec.Capabilities {
		if c != "CAPABILITY_AUTO_EXPAND" {
			f.warn(fmt.Sprintf("%s.capabilities[%d]", path, i), "lets the stack make roles, which needs IAM's control plane in "+controlPlanes, "the roles in a stack that is there beforehand, and nothing here")
		}
	}
	if bucketRegion(spec.Template) == "" {
		f.warn(path+".template", "does not say in which region the bucket is: such a name may be resolved through "+controlPlanes, "https://bucket.s3.region.amazonaws.com/…")
	}
}
