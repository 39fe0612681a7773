package plan

import (
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/names"
)

// check finds what one field alone cannot show. A field that is missing or was
// refused is zero by now, and nothing more is held against it.
func (f *file) check(p *Plan) {
	f.checkSides(p)
	f.checkSize("covers", p.Covers, "fewer tags")
	f.checkPolicies(p)
	f.checkDetect(p)
	f.checkCourses(p)
	f.checkDrill(p.Drill)
	if p.Primary == OnPremises {
		f.onPremises(p)
	}
}

func (f *file) checkSides(p *Plan) {
	switch {
	case p.Primary == "" || p.Recovery == "" || p.Primary == OnPremises:
	case p.Primary == p.Recovery:
		f.wrong("recovery", "is the primary region: nothing would be left when it fails", "another region")
	case names.Partition(p.Primary) != names.Partition(p.Recovery):
		f.elsewhere("recovery", p.Primary)
	}
	switch {
	case p.Next == "" || p.Primary == OnPremises:
	case p.Next == p.Primary:
		f.wrong("next", "is the primary region, where copies go without it", "a third region, or leave the field out")
	case p.Next == p.Recovery:
		f.wrong("next", "is the recovery region, which serves while copies go to the next one", "a third region")
	case p.Primary != "" && names.Partition(p.Primary) != names.Partition(p.Next):
		f.elsewhere("next", p.Primary)
	}
	if a := p.Accounts; a != nil && a.Primary != "" && a.Primary == a.Recovery {
		f.wrong("accounts.recovery", "is the primary account: who breaks into it could delete the copies too",
			"another account, or leave accounts out when both regions are of one")
	}
}

func (f *file) elsewhere(path, primary string) {
	f.wrong(path, fmt.Sprintf("is in another partition than %s: AWS copies nothing between them", primary),
		"a region of the partition "+names.Partition(primary))
}

// unique reports a name that another owner, itself a path, has taken already.
func (f *file) unique(taken map[string]string, name, owner, path, instead string) {
	if first, ok := taken[name]; ok {
		f.wrong(path, fmt.Sprintf("%s is taken by %s", name, first), instead)
		return
	}
	taken[name] = owner
}

func orWord(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
