package plan

import "fmt"

// WarnAge is the age of a newest usable recovery point at which an alarm warns
// before the RPO breaks: half-way between what a healthy schedule shows and the
// last age at which the warning, which ages published every PassEvery raise, still
// comes before the break. False: there is no room between the two.
func (p Policy) WarnAge() (Duration, bool) {
	healthy, last := p.HealthyAge(), p.RPO-PassEvery
	if last < healthy {
		return 0, false
	}
	return healthy + (last-healthy)/2/minute*minute, true
}

// lintWarning tells of a policy whose RPO breaks without a warning. How far behind
// AWS's own copying may be is AWS's: an objective that is no longer is a choice.
func (f *file) lintWarning(path string, p Policy) {
	if _, room := p.WarnAge(); room || p.Continuous() {
		return
	}
	f.warn(path, fmt.Sprintf("no alarm can warn before the rpo of %s breaks: a healthy schedule shows ages up to %s, and ages are published every %s",
		p.RPO, p.HealthyAge(), PassEvery), fmt.Sprintf("rpo: %s or more", p.HealthyAge()+PassEvery))
}
