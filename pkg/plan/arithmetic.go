package plan

import (
	"fmt"
	"math"
)

// checkInterval refuses an objective that a healthy schedule would break, with
// the arithmetic.
func (f *file) checkInterval(path string, p Policy) {
	oldest, copies := p.Oldest(), p.CopyTime()
	if p.Every == 0 || p.RPO == 0 || oldest <= p.RPO {
		return
	}
	at, whose := path+".every", "rpo"
	if !f.has(path + ".rpo") {
		whose = "plan's rpo"
	}
	sum := fmt.Sprintf("every %s + snapshot %s + copy %s = %s", p.Every, snapshotAllowance, copies, oldest)
	instead := ""
	switch {
	case p.Continuous():
		at, sum = path, fmt.Sprintf("what AWS copies without a pause may be %s behind", oldest)
	case copies > p.Every:
		sum = fmt.Sprintf("the copies before it %s + snapshot %s + copy %s = %s", copies, snapshotAllowance, copies, oldest)
	}
	if room := p.RPO - snapshotAllowance - copies; !p.Continuous() && room >= max(minEvery, copies) {
		instead = fmt.Sprintf("every: %s or less, or ", room)
	}
	instead += fmt.Sprintf("rpo: %s or more", oldest)
	if copies > copyAllowance {
		at = path + ".expect"
		sum += fmt.Sprintf("; %s", p.Expect.Each())
		if most := p.mostGiB(); most > 0 {
			instead += fmt.Sprintf(", or sources of %d GiB or less", most)
		}
	}
	f.wrong(at, fmt.Sprintf("breaks the %s of %s: %s", whose, p.RPO, sum), instead)
}

// mostGiB is the size of each source with which the objective would hold; zero
// when none would.
func (p Policy) mostGiB() int {
	rest := p.RPO - snapshotAllowance
	copies := min(rest-p.Every, rest/2) / minute * minute
	each := p.Expect.Each()
	travel := copies - times(each.Rounds(), CopySetup)
	if copies < copyAllowance || travel <= 0 {
		return 0
	}
	share := float64(p.Expect.Sources) * p.Expect.Change / 100
	return int(min(travel.D().Seconds()*float64(each.speed())/1024/share, math.MaxInt32))
}

// lintFirstCopy tells how long there is no recovery point at the beginning, when
// that is longer than the objective.
func (f *file) lintFirstCopy(path string, p Policy) {
	if p.Expect == nil {
		return
	}
	if first := p.Expect.Whole(); first.Time()+snapshotAllowance > p.RPO {
		f.warn(path+".expect", fmt.Sprintf("the first copies carry everything and take %s, beyond the rpo of %s: %s", first.Time(), p.RPO, first),
			"nothing for it, and expect the policy's age alarm until then")
	}
}
