package plan

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pilotlight/pilotlight/pkg/names"
)

// How old a recovery point may be before the next one replaces it: the interval,
// and the time until the next point's copy is complete. Both allowances are the
// slow end of what AWS lets one expect of an incremental snapshot; a first, full
// copy takes longer, and no arithmetic on a plan knows how long.
const (
	snapshotAllowance = 15 * minute
	copyAllowance     = 5 * minute
)

// check finds what one field alone cannot show. A field that is missing or was
// refused is zero by now, and nothing more is held against it.
func (f *file) check(p *Plan) {
	f.checkRegions(p)
	f.checkPolicies(p)
	f.checkDetect(p)
	f.checkSteps(p)
}

func (f *file) checkRegions(p *Plan) {
	switch {
	case p.Primary == "" || p.Recovery == "":
	case p.Primary == p.Recovery:
		f.wrong("recovery", "is the primary region: nothing would be left when it fails", "another region")
	case names.Partition(p.Primary) != names.Partition(p.Recovery):
		f.wrong("recovery", fmt.Sprintf("is in another partition than %s: AWS copies nothing between them", p.Primary),
			"a region of the partition "+names.Partition(p.Primary))
	}
}

func (f *file) checkPolicies(p *Plan) {
	named := map[string]string{}
	pointed := map[string]string{}
	for i, policy := range p.Protect {
		path := fmt.Sprintf("protect[%d]", i)
		if policy.Name != "" {
			f.unique(named, policy.Name, path, path+".name", "a name of its own")
		}
		f.checkTarget(path, policy)
		f.checkInterval(path, policy)
		f.checkKey(path, policy, p.Recovery)
		if pt := policy.Point; pt != nil {
			if pt.LaunchTemplate != "" {
				f.unique(pointed, "launch template "+pt.LaunchTemplate, path, path+".point.launch-template", "one policy a launch template")
			}
			if pt.Parameter != "" {
				f.unique(pointed, "parameter "+pt.Parameter, path, path+".point.parameter", "one policy a parameter")
			}
		}
	}
}

// unique reports a name that another owner, itself a path, has taken already.
func (f *file) unique(taken map[string]string, name, owner, path, instead string) {
	if first, ok := taken[name]; ok {
		f.wrong(path, fmt.Sprintf("%s is taken by %s", name, first), instead)
		return
	}
	taken[name] = owner
}

func (f *file) checkTarget(path string, p Policy) {
	has := func(field string) bool { return f.at[path+"."+field] != nil }
	switch {
	case f.at[path].Kind == yaml.MappingNode && !has("volumes") && !has("images") && !has("database") && !has("buckets"):
		f.wrong(path, "does not say what it protects", "volumes or images: "+examples["volumes"])
	case has("volumes") && has("images"):
		f.wrong(path+".images", "one policy cannot protect volumes and images", "two policies")
	}
	if !has("point") {
		return
	}
	if has("volumes") && !has("images") {
		f.wrong(path+".point", "nothing can point at volumes", "point in a policy of images alone")
	}
	if p.Point != nil && !has("point.launch-template") && !has("point.parameter") {
		f.wrong(path+".point", "points nothing at the image", "launch-template, parameter or both")
	}
}

func (f *file) checkInterval(path string, p Policy) {
	if p.Every == 0 {
		return
	}
	oldest := p.Every + snapshotAllowance + copyAllowance
	if p.RPO == 0 || oldest <= p.RPO {
		return
	}
	whose := "rpo"
	if f.at[path+".rpo"] == nil {
		whose = "plan's rpo"
	}
	instead := fmt.Sprintf("rpo: %s or more", oldest)
	if room := p.RPO - snapshotAllowance - copyAllowance; room >= minEvery {
		instead = fmt.Sprintf("every: %s or less, or rpo: %s or more", room, oldest)
	}
	f.wrong(path+".every", fmt.Sprintf("breaks the %s of %s: every %s + snapshot %s + copy %s = %s", whose, p.RPO,
		p.Every, snapshotAllowance, copyAllowance, oldest), instead)
}

// checkKey refuses a key that copies in the recovery region could not use.
func (f *file) checkKey(path string, p Policy, recovery string) {
	parts := strings.SplitN(p.Key, ":", 6) // arn:aws:kms:us-west-2:123456789012:key/…
	if len(parts) == 6 && recovery != "" && parts[3] != recovery {
		f.wrong(path+".key", fmt.Sprintf("is a key of %s, and copies are encrypted in %s", parts[3], recovery), "a key of "+recovery)
	}
}

func (f *file) checkDetect(p *Plan) {
	if p.Detect.Mode == Automatic && f.at["detect.alarms"] == nil {
		f.wrong("detect.mode", "automatic needs an alarm that starts it", "alarms: a list of alarms in "+orWord(p.Recovery, "the recovery region")+", or mode: manual")
	}
	named := map[string]string{}
	for i, a := range p.Detect.Alarms {
		path := fmt.Sprintf("detect.alarms[%d]", i)
		if a.Name != "" {
			f.unique(named, a.Name+" in "+a.Region, path, path+".name", "each alarm once")
		}
		switch {
		case a.Region == "" || p.Primary == "" || p.Recovery == "" || a.Region == p.Recovery:
		case a.Region == p.Primary:
			f.wrong(path+".region", "the alarm is unreachable when the primary region fails: the alarm must live in the recovery region", p.Recovery)
		default:
			f.wrong(path+".region", a.Region+" is neither region of this plan: the alarm must live in the recovery region", p.Recovery)
		}
	}
}

func orWord(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
