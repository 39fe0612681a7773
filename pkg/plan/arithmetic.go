package plan

import (
	"fmt"
	"math"
)

// checkInterval refuses an objective that a healthy schedule would break, with
// the arithmetic.
func (f *file) checkInterval(path string, p Policy) {
	oldest := p.Oldest()
	if p.Every == 0 || p.RPO == 0 || oldest <= p.RPO {
		return
	}
	breaks := fmt.Sprintf("breaks the rpo of %s: ", p.RPO)
	if !f.has(path + ".rpo") {
		breaks = fmt.Sprintf("breaks the plan's rpo of %s: ", p.RPO)
	}
	longer := fmt.Sprintf("rpo: %s or more", oldest)
	if p.Continuous() {
		f.wrong(path, fmt.Sprintf("%swhat AWS copies without a pause may be %s behind", breaks, oldest), longer)
		return
	}
	copies := p.CopyTime()
	if room := p.RPO - snapshotAllowance - copies; room >= max(minEvery, copies) {
		longer = fmt.Sprintf("every: %s or less, or %s", room, longer)
	}
	sum := fmt.Sprintf("every %s + snapshot %s + copy %s = %s", p.Every, snapshotAllowance, copies, oldest)
	if copies > p.Every {
		sum = fmt.Sprintf("the copies before it %s + snapshot %s + copy %s = %s", copies, snapshotAllowance, copies, oldest)
	}
	if copies == copyAllowance {
		f.wrong(path+".every", breaks+sum, longer)
		return
	}
	smaller := "fewer sources"
	if most := p.mostGiB(); most > 0 {
		smaller = fmt.Sprintf("sources of %d GiB or less", most)
	}
	f.wrong(path+".expect", fmt.Sprintf("%s%s; %s", breaks, sum, p.Expect.Each()), longer+", or "+smaller)
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
		f.warn(path+".expect", fmt.Sprintf("the first copies carry everything and take %s, which is beyond the rpo of %s (%s): the policy's age alarm is on until they are done",
			first.Time(), p.RPO, first), "")
	}
}
