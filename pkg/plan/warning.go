package plan

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
