package plan

import (
	"fmt"
	"math"
	"strings"
)

func (f *file) lintPolicies(p *Plan) {
	for i, policy := range p.Protect {
		path := fmt.Sprintf("protect[%d]", i)
		f.lintReturn(path, p, policy)
		f.lintKeep(path, policy)
		f.lintLock(path, policy)
		f.lintKey(path, p, policy)
		f.lintFirstCopy(path, policy)
		f.lintWarning(path, policy)
	}
	f.lintQuota(p)
}

// lintReturn warns of what recovery does not bring back. A bucket or a table has
// a replica, which is there already.
func (f *file) lintReturn(path string, p *Plan, policy Policy) {
	restored, launched, promotes := false, false, false
	for s := range p.Steps() {
		switch spec := s.Spec.(type) {
		case *RestoreVolumes:
			restored = restored || spec.Policy == policy.Name
		case *LaunchInstances:
			launched = launched || spec.Image == policy.Name
		case *PromoteDatabase:
			promotes = true
		}
	}
	lost := fmt.Sprintf("%s is protected and no step brings it back", policy.Name)
	switch {
	case policy.Volumes != nil && !restored:
		f.warn(path, lost, fmt.Sprintf("restore-volumes: {policy: %s, attach-to: …}", policy.Name))
	case policy.Images != nil && !launched:
		f.warn(path, fmt.Sprintf("%s is protected and no step launches its image", policy.Name), "point.launch-template, and launch-instances with the same template")
	case policy.Snapshots != nil:
		f.warn(path, lost+": another tool's snapshots know neither instance nor device", "volumes for it and a restore-volumes step, or how to restore them in the runbook")
	case policy.Database != nil && !promotes:
		f.warn(path, lost, "promote-database: {replica: …} with a read replica in the recovery region, or in the runbook how to restore it by hand")
	}
	if policy.Images == nil && policy.RPO > p.Objectives.RPO {
		f.warn(path+".rpo", fmt.Sprintf("recovery may bring back data that is %s old, beyond the plan's rpo of %s", policy.RPO, p.Objectives.RPO), "the plan's rpo, or less")
	}
}

// lintKeep warns of a policy without a past.
func (f *file) lintKeep(path string, p Policy) {
	past := p.Keep
	if past.Last == 1 {
		past.Last = 0
	}
	if past.Within <= p.Every {
		past.Within = 0
	}
	if past == (Keep{}) && p.Bucket == nil && p.Table == nil {
		f.warn(path+".keep", "only the newest recovery point is kept: there is no way back to before a mistake that was made an hour ago", "keep: "+examples["keep"])
	}
}

// lintLock warns of points that nobody wants any more and nobody may delete.
func (f *file) lintLock(path string, p Policy) {
	if p.Lock == nil {
		return
	}
	if kept := p.Keep.span(p.Every); p.Lock.For > kept {
		f.warn(path+".lock.for", fmt.Sprintf("locks points for %s, but keep lets the last of them go after %s: from then until the lock ends they cost money, and nobody can delete them",
			inDays(p.Lock.For), inDays(kept)), fmt.Sprintf("a shorter lock, or keep: {within: %s}", inDays(p.Lock.For)))
	}
}

// span is how old the oldest point gets that is kept. Months and years are taken
// at their longest.
func (k Keep) span(every Duration) Duration {
	return max(times(max(k.Last, 1), every), k.Within, times(k.Hourly, 60*minute), times(k.Daily, day),
		times(k.Weekly, 7*day), times(k.Monthly, 31*day), times(k.Yearly, 366*day))
}

// times is the product, or the longest time that there is.
func times(n int, unit Duration) Duration {
	if n > 0 && unit > math.MaxInt64/Duration(n) {
		return math.MaxInt64
	}
	return Duration(n) * unit
}

// lintKey warns of a key that copies the other way cannot use: an alias is looked
// up in whichever region copies go to, and so is the id of a multi-Region key,
// which its replicas share.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func (f *file) lintKey(path string, p *Plan, policy Policy) {
	if policy.Key == "" || strings.HasPrefix(policy.Key, "alias/") || strings.HasPrefix(policy.Key, "mrk-") {
		return
	}
	back := p.Primary
	if p.Next != "" {
		back = p.Next
	}
	f.warn(path+".key", fmt.Sprintf("is a key of %s alone: after a failover, copies to %s would use that region's default key", p.Recovery, back),
		"an alias that both regions have, such as "+examples["key"])
}
