package opening

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// needs are the policies whose points the run uses: those that are pinned at once, and
// those that a graceful run with a fence pins after it. An image holds no data, and
// whoever asks for data from before a moment wants none from after a fence.
func (o opener) needs() (now, later []plan.Policy) {
	for _, policy := range o.request.Needs.Policies {
		switch {
		case o.record.State.Mode != run.Drill && slices.Contains(o.request.DrillAlone, policy.Name):
		case o.record.Mode().Graceful() && o.request.Fence != "" && o.asOf.IsZero() && policy.Images == nil:
			later = append(later, policy)
		default:
			now = append(now, policy)
		}
	}
	return now, later
}

// unpinned are those of the policies that the run has no points of.
func (o opener) unpinned(policies []plan.Policy) []plan.Policy {
	return slices.DeleteFunc(slices.Clone(policies), func(p plan.Policy) bool { return len(o.record.Pins[p.Name]) > 0 })
}

// choose gives the points that the run uses, from a moment on, and refuses when a
// policy has none, naming each of them.
func (o opener) choose(ctx context.Context, policies []plan.Policy, from time.Time) (run.Pins, error) {
	pins := run.Pins{}
	var missing []error
	for _, policy := range policies {
		all, err := o.points.List(ctx, o.request.Recovery, o.request.Plan, policy)
		if err != nil {
			return nil, fmt.Errorf("list the recovery points of policy %s: %w", policy.Name, err)
		}
		fit := all
		if policy.Key != "" {
			fit = lineage.Encrypted(all)
		}
		pins[policy.Name] = Newest(between(fit, from, o.asOf))
		if len(pins[policy.Name]) == 0 {
			missing = append(missing, none(policy, all, fit, o.asOf))
		}
	}
	return pins, errors.Join(missing...)
}

// between are the points taken from a moment on and before another; zero: no bound.
func between(points []lineage.Point, from, before time.Time) []lineage.Point {
	return slices.DeleteFunc(slices.Clone(points), func(p lineage.Point) bool {
		return p.TakenAt.Before(from) || !before.IsZero() && !p.TakenAt.Before(before)
	})
}

// none says why a policy has no point for the run, and what there is.
func none(policy plan.Policy, all, fit []lineage.Point, before time.Time) error {
	var usable []lineage.Group
	for _, group := range lineage.Groups(fit) {
		if group.Usable() {
			usable = append(usable, group)
		}
	}
	if len(usable) > 0 && !before.IsZero() {
		return failure.Permanentf("policy %s has no usable recovery point from before %s: its usable ones were taken from %s to %s; choose a moment after the first of them",
			policy.Name, stamp(before), stamp(usable[len(usable)-1].TakenAt), stamp(usable[0].TakenAt))
	}
	wanted := "complete"
	if policy.Key != "" {
		wanted = "both complete and encrypted"
	}
	return failure.Permanentf("policy %s has no usable recovery point in the recovery region (%d are there, none %s)", policy.Name, len(all), wanted)
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Newest are the points of the newest usable set of every subject: of each
// instance its newest complete set of volumes, of an image policy its newest
// image. Half a set is never mixed with half of another.
func Newest(points []lineage.Point) []lineage.Point {
	var newest []lineage.Point
	seen := map[string]bool{}
	for _, group := range reign(lineage.Groups(points)) { // newest first
		if !seen[group.Subject] {
			seen[group.Subject] = true
			newest = append(newest, group.Points...)
		}
	}
	return newest
}

// reign leaves the usable sets that were taken since the plan's sides last changed
// places. A region holds points that were taken there, while it served, and copies of
// those taken on the other side. The servers that one reign's sets are of are not
// those of the reign before: to restore both would bring back servers that were
// already replaced.
func reign(groups []lineage.Group) []lineage.Group {
	var last []lineage.Group
	for _, group := range groups { // newest first
		switch {
		case !group.Usable():
		case len(last) > 0 && copied(group) != copied(last[0]):
			return last
		default:
			last = append(last, group)
		}
	}
	return last
}

func copied(group lineage.Group) bool { return group.Points[0].Source != "" }
