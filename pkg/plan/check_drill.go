package plan

import "fmt"

func (f *file) checkDrill(d *Drill) {
	if d == nil {
		return
	}
	switch {
	case f.has("drill.instance-profile") && !f.has("drill.role"):
		f.wrong("drill", "has no role: EC2 hands a profile to an instance only for who may pass its role on", "role: and the IAM role in "+orWord(d.InstanceProfile, "the instance profile"))
	case f.has("drill.role") && !f.has("drill.instance-profile"):
		f.wrong("drill.role", "has no effect: it is the role of an instance profile", "instance-profile: beside it")
	}
	f.checkWindows("drill.windows", d.Windows)
}

func (f *file) checkWindows(list string, windows []Window) {
	for i, w := range windows {
		path := fmt.Sprintf("%s[%d]", list, i)
		if isClock(w.From) && isClock(w.To) && w.To <= w.From {
			f.wrong(path+".to", fmt.Sprintf("%s is not after %s", w.To, w.From), "a later time, 24:00 at the latest; for a night, two windows")
		}
	}
}

// onPremises refuses what needs a primary region of AWS. Snapshots that another tool
// takes there, such as Storage Gateway's, are in the region of the gateway: in the
// recovery region there is nothing to copy, and in another one that is the primary.
func (f *file) onPremises(p *Plan) {
	for i, policy := range p.Protect {
		path, instead := fmt.Sprintf("protect[%d]", i), "nothing: leave the policy out, and let the data follow by itself"
		if policy.Snapshots != nil {
			instead = "for primary the region in which they are taken, or leave the policy out when they are in the recovery region already"
		}
		if t := policy.target(); t != "" {
			f.wrong(path+"."+string(t), "the primary side is on-premises, where nothing can be copied from: Pilotlight acts in AWS regions alone", instead)
		}
	}
	for _, field := range []string{"next", "accounts", "covers"} {
		if f.has(field) {
			f.wrong(field, "has no effect: the primary side is on-premises", "nothing: leave the field out")
		}
	}
}
