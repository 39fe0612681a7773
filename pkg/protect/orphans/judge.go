package orphans

import (
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// patience is how long after its date a marked point is no orphan: passes wait
// for a run that is under way, and a policy may be reconciled once a day.
const patience = 48 * time.Hour

// judge says which of what was seen is an orphan.
func (s Search) judge(seen world) []Orphan {
	var found []Orphan
	for _, p := range seen.parts {
		if !p.used {
			found = append(found, s.orphan(p.Point, NoImage,
				"the image of set "+p.set+" was deregistered, and this snapshot of one of its disks stayed",
				"delete it, unless somebody keeps it on purpose: no image can be launched from it as it is"))
		}
	}
	for _, p := range slices.Concat(seen.others, seen.points) {
		if kind, reason, advice := s.of(p); kind != "" {
			found = append(found, s.orphan(p, kind, reason, advice))
		}
	}
	// What is not seen is gone only if every region has answered. An image has no
	// volume: it stands for a whole selection, and the instance that it was made
	// from may go any day.
	if seen.silent {
		return found
	}
	for _, p := range seen.points {
		if kind, _, _ := s.of(p); kind != "" || p.Origin == "" || seen.exists[p.Origin] {
			continue
		}
		// A copy of another tool's snapshot has its volume where an instance would be.
		if p.Instance == p.Origin && (seen.exists[p.Source] || seen.exists[adopted(p.Origin)]) {
			continue
		}
		reason := "volume " + p.Origin + " is gone"
		if p.Source != "" && !seen.exists[p.Source] {
			reason += ", and so is snapshot " + p.Source + ", which this was copied from"
		}
		found = append(found, s.orphan(p, NoVolume, reason,
			"delete it when nobody needs its data: retention counts what is there, so with no newer one after it, it stays for ever"))
	}
	return found
}

func (s Search) orphan(p lineage.Point, kind Kind, reason, advice string) Orphan {
	found := Orphan{ID: p.ID, Region: p.Region, Policy: p.Policy, Kind: kind, GiB: p.SizeGiB, Reason: reason, Advice: advice}
	if !p.TakenAt.IsZero() {
		found.Age = s.Now.Sub(p.TakenAt).Truncate(time.Second)
	}
	return found
}

// of is the first thing that by itself makes p an orphan, or nothing.
func (s Search) of(p lineage.Point) (kind Kind, reason, advice string) {
	switch {
	case !slices.Contains(s.Policies, p.Policy):
		return NoPolicy, fmt.Sprintf("plan %s has no policy %q any more, so no pass retires it", s.Plan, p.Policy),
			"delete it when nobody needs its data; a policy of that name in the plan takes it up again"
	case p.State == lineage.Failed && s.Now.Sub(p.Started) > lineage.Pause:
		return Failed, "AWS could not complete it: it holds no data",
			"nothing, if it is younger than the policy's interval: the next pass deletes it; otherwise see why that pass fails"
	case !p.Retire.IsZero() && s.Now.Sub(p.Retire) > patience:
		return Overdue, "marked for deletion on or after " + p.Retire.UTC().Format("2006-01-02 15:04Z") + ", and still there",
			"see in the function's log why its passes do not run, or why AWS keeps it (an image that somebody made from it, a lock)"
	}
	return "", "", ""
}
