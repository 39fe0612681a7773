package plan

import (
	"fmt"
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
	f.lintDetect(p)
	f.lintCourses(p)
	f.lintDrill(p)
}

func (f *file) warn(path, problem, instead string) { f.report(Warning, path, problem, instead) }

func (f *file) lintRegions(p *Plan) {
	for _, r := range [][2]string{{"primary", p.Primary}, {"recovery", p.Recovery}} {
		if near, ok := nearest(r[1], regions); ok && r[1] != OnPremises && !slices.Contains(regions, r[1]) {
			f.warn(r[0], fmt.Sprintf("%s is no region that Pilotlight has heard of", r[1]), near+" if that is meant")
		}
	}
}
