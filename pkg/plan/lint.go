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

func (f *file) lintPolicies(p *Plan) {
	used := map[string]bool{}
	for s := range p.Steps() {
		switch spec := s.Spec.(type) {
		case *RestoreVolumes:
			used[spec.Policy] = true
		case *LaunchInstances:
			used[spec.Image] = true
		}
	}
	for i, policy := range p.Protect {
		path := fmt.Sprintf("protect[%d]", i)
		if policy.Keep == (Keep{}) {
			f.warn(path+".keep", "only the newest recovery point is kept: there is no way back to before a mistake that was made an hour ago", "keep: "+examples["keep"])
		}
		switch {
		case !used[policy.Name] && policy.Volumes != nil:
			f.warn(path, fmt.Sprintf("%s is protected and no step brings it back", policy.Name), fmt.Sprintf("restore-volumes: {policy: %s, attach-to: …}", policy.Name))
		case !used[policy.Name]:
			f.warn(path, fmt.Sprintf("%s is protected and no step launches its image", policy.Name), "point.launch-template, and launch-instances with the same template")
		case policy.Volumes != nil && policy.RPO > p.Objectives.RPO:
			f.warn(path+".rpo", fmt.Sprintf("recovery may bring back data that is %s old, beyond the plan's rpo of %s", policy.RPO, p.Objectives.RPO), "the plan's rpo, or less")
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
