package retention

import (
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// minute writes times as a reason does: with the zone, because whoever is paged
// thinks in another one.
const minute = "2006-01-02 15:04Z"

// reason is why a set stays, and until when, if that is known.
type reason struct {
	why   string
	until time.Time
}

// reasons are those of the sets that stay, by id.
type reasons map[string]reason

// note keeps the first reason. They come in the order of what they explain: the
// tiers most, and what ends by itself last, so that "kept until" is never said of
// a set that something else keeps for longer.
func (r reasons) note(set string, why reason) {
	if _, ok := r[set]; !ok {
		r[set] = why
	}
}

// stays is the verdict on points that are kept.
func (r reason) stays(points []lineage.Point, verdicts []Verdict) []Verdict {
	text := "kept: " + r.why
	if !r.until.IsZero() {
		text = "kept until " + r.until.UTC().Format(minute) + ": " + r.why
	}
	for _, p := range points {
		verdicts = append(verdicts, Verdict{Point: p, Keep: true, Reason: text, Until: r.until})
	}
	return verdicts
}

// goes is the verdict on points that nothing keeps. It says what Moves makes of it.
func goes(points []lineage.Point, why string, now time.Time, verdicts []Verdict) []Verdict {
	for _, p := range points {
		v := Verdict{Point: p, Until: p.Retire}
		switch {
		case p.State == lineage.Failed:
			v.Until, v.Reason = now, "deleted at once: "+why
		case p.Retire.IsZero():
			v.Until = now.Add(Grace)
			v.Reason = "marked now, deleted on or after " + v.Until.UTC().Format(minute) + ": " + why
		default:
			v.Reason = "deleted on or after " + v.Until.UTC().Format(minute) + ": marked, because " + why
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// describe is all that a policy keeps, for those that it does not.
func describe(keep plan.Keep) string {
	var said []string
	for _, tier := range tiers(keep) {
		if tier.count > 0 {
			said = append(said, fmt.Sprintf("%d %s", tier.count, tier.name))
		}
	}
	if keep.Last > 0 {
		said = append(said, fmt.Sprintf("the last %d", keep.Last))
	}
	if keep.Within > 0 {
		said = append(said, "all within "+keep.Within.String())
	}
	if said == nil {
		return "the newest alone"
	}
	return strings.Join(said, ", ")
}
