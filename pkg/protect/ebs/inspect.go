package ebs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// Inspect says how well what the policy protects is protected. It changes nothing.
// When the side that serves does not answer, it lists what the other side holds
// points of, but for what had long ended: see living.
func (p *Pass) Inspect(ctx context.Context) ([]protect.Source, error) {
	sides := p.look(ctx)
	from, to := sides[0], sides[1]
	if from.err != nil && to.err != nil {
		return nil, errors.Join(from.err, to.err)
	}
	arrived, left := bySubject(to.Copies), bySubject(from.Sources)
	found, gone := slices.Clone(from.Subjects), 0
	if from.err != nil {
		found, gone = p.living(arrived)
	}
	slices.SortFunc(found, func(a, b protect.Source) int { return cmpID(a, b) })
	for i := range found {
		s := &found[i]
		s.Policy, s.Unseen = p.Policy.Name, from.err != nil || to.err != nil
		for _, set := range lineage.Groups(p.fit(arrived[s.ID])) {
			if !set.Usable() {
				continue
			}
			s.Usable++
			if s.Newest.IsZero() {
				s.Newest = set.TakenAt
			}
		}
		s.Problem = p.problem(*s, from, to, left[s.ID], arrived[s.ID])
		if gone > 0 {
			s.Problem += fmt.Sprintf("; %d more had no new point for %s beyond the RPO before: they are taken for ended", gone, plan.Duration(Abandoned))
		}
	}
	return found, nil
}

// Abandoned is how long a source is without a new point, beyond the RPO, while
// others get theirs, until it is taken for ended. One that lives has had an alarm for
// all that time.
const Abandoned = 24 * time.Hour

// living guesses from what arrived what is there to protect, and how many are not any
// more: the newest point of an instance stays when it has ended, and would break the
// RPO of its policy as soon as nobody can say that it ended. Points are held against
// the newest of the policy and not against now, because from a silent region
// nothing comes for anybody.
func (p *Pass) living(arrived map[string][]lineage.Point) (living []protect.Source, gone int) {
	var newest time.Time
	last := map[string]time.Time{}
	for subject, of := range arrived {
		last[subject] = lineage.Groups(of)[0].TakenAt
		if last[subject].After(newest) {
			newest = last[subject]
		}
	}
	for subject, of := range arrived {
		if newest.Sub(last[subject]) > p.Policy.RPO.D()+Abandoned {
			gone++
			continue
		}
		living = append(living, protect.Source{ID: subject, GiB: size(of)})
	}
	return living, gone
}

func cmpID(a, b protect.Source) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

func bySubject(points []lineage.Point) map[string][]lineage.Point {
	subjects := map[string][]lineage.Point{}
	for _, p := range points {
		subjects[p.Subject()] = append(subjects[p.Subject()], p)
	}
	return subjects
}

// size is that of the newest set.
func size(points []lineage.Point) (gib int) {
	for _, p := range lineage.Groups(points)[0].Points {
		gib += p.SizeGiB
	}
	return gib
}

// problem is what an operator should know of one source; empty: it is well. What
// hinders the next point is said as soon as it is known, and not when it is late.
func (p *Pass) problem(s protect.Source, from, to *side, sources, copies []lineage.Point) string {
	switch why := p.hindrance(s, from, to, sources, copies); {
	case to.err != nil:
		return unanswered(p.To.Region, to.err, "nobody knows which recovery points are there")
	case s.Newest.IsZero():
		return "no usable recovery point in " + p.To.Region + " yet: " + why.or("it waits for its first one")
	case p.Now.Sub(s.Newest) > p.Policy.RPO.D():
		return fmt.Sprintf("the RPO of %s is broken since %s: %s", p.Policy.RPO, clock(s.Newest.Add(p.Policy.RPO.D())), why.or("its next recovery point is late"))
	case why.bad:
		return why.text
	}
	return ""
}

// cause is why the next point of a source is not there.
type cause struct {
	text string
	bad  bool // time alone may not mend it
}

func (c cause) or(other string) string {
	if c.text == "" {
		return other
	}
	return c.text
}

// hindrance looks from the end of the way to its beginning: at the copies, then at
// what there is to copy, then at what is taken.
func (p *Pass) hindrance(s protect.Source, from, to *side, sources, copies []lineage.Point) cause {
	if from.err != nil {
		return cause{unanswered(p.From.Region, from.err, "nothing new comes from there"), true}
	}
	newer := func(of lineage.Point) bool { return of.TakenAt.After(s.Newest) }
	copied := latest(copies, newer)
	taken := latest(sources, newer)
	switch {
	case copied.State == lineage.Failed:
		return cause{fmt.Sprintf("copy %s of %s failed at %s%s", copied.ID, copied.Line(), clock(copied.Started), said(copied.Fault)), true}
	case copied.State == lineage.Pending:
		return cause{fmt.Sprintf("copy %s of %s is in flight since %s", copied.ID, copied.Line(), clock(copied.Started)), false}
	case copied.State == lineage.Complete && copied.Plain && p.Policy.Key != "":
		return cause{fmt.Sprintf("copy %s of %s is not encrypted, and the policy names the key %s: it counts for nothing", copied.ID, copied.Line(), p.Policy.Key), true}
	case taken.State == lineage.Failed:
		return cause{fmt.Sprintf("snapshotting %s in %s failed at %s%s", taken.Line(), p.From.Region, clock(taken.Started), said(taken.Fault)), true}
	case taken.State == lineage.Pending:
		return cause{fmt.Sprintf("%s of %s is being taken in %s since %s", taken.ID, taken.Line(), p.From.Region, clock(taken.Started)), false}
	case taken.State == lineage.Complete:
		return cause{fmt.Sprintf("%s, taken at %s, waits to be copied from %s", taken.ID, clock(taken.TakenAt), p.From.Region), false}
	}
	return cause{fmt.Sprintf("nothing newer has been taken of it in %s", p.From.Region), false}
}

// latest is the point that AWS began last among those asked for.
func latest(points []lineage.Point, asked func(lineage.Point) bool) lineage.Point {
	var found lineage.Point
	for _, p := range points {
		if asked(p) && (found.ID == "" || p.Started.After(found.Started)) {
			found = p
		}
	}
	return found
}

// unanswered leaves the SDK's words out: what AWS answered is worth saying, that it
// did not is said.
func unanswered(region string, err error, so string) string {
	if code := failure.Code(err); code != "" {
		return fmt.Sprintf("%s answers %s, so %s", region, code, so)
	}
	return fmt.Sprintf("%s does not answer, so %s", region, so)
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

func said(fault string) string {
	if fault == "" {
		return ""
	}
	return " (" + fault + ")"
}
