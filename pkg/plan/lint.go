package plan

import (
	"fmt"
	"net/url"
	"slices"
)

// lint warns of what is allowed and probably not meant. It runs on a plan that
// has no errors.
func (f *file) lint(p *Plan) {
	f.lintRegions(p)
	f.lintPolicies(p)
	if len(p.Protect) > 0 && p.Notify == "" {
		f.warn("protect", "nobody hears when recovery points grow too old", "notify: and the name of an SNS topic in "+p.Recovery)
	}
	f.lintSteps(p)
}

func (f *file) warn(path, problem, instead string) { f.report(Warning, path, problem, instead) }

func (f *file) lintRegions(p *Plan) {
	for _, r := range [][2]string{{"primary", p.Primary}, {"recovery", p.Recovery}} {
		if near, ok := nearest(r[1], regions); ok && !slices.Contains(regions, r[1]) {
			f.warn(r[0], fmt.Sprintf("%s is no region that Pilotlight has heard of", r[1]), near+" if that is meant")
		}
	}
}

func (f *file) lintSteps(p *Plan) {
	records := map[string]bool{}
	for s := range p.Steps() {
		if shift, ok := s.Spec.(*ShiftTraffic); ok {
			records[shift.Record] = true
		}
	}
	if len(records) == 0 {
		f.warn("recover", "no step sends anybody to the recovery region", "shift-traffic: {record: shop.example.com, via: health-check} as the last step")
	}
	verified := false
	f.located("recover", p.Recover, func(s *Step, path string) {
		switch spec := s.Spec.(type) {
		case *LaunchInstances:
			if spec.Count > 1 && len(spec.Zones) == 1 {
				f.warn(path+".zones", "all instances are in one zone", "two zones or more")
			}
		case *Verify:
			if u, err := url.Parse(spec.URL); err == nil && !verified && records[u.Hostname()] {
				f.warn(path+".url", "asks the name that still leads to the primary region", "a name that always leads to the recovery region")
			}
			verified = true
		case *ShiftTraffic:
			if !verified {
				f.warn(path, "sends people to an application that nothing has asked for a page yet", "a verify step before it")
			}
			verified = true
		}
	})
}
