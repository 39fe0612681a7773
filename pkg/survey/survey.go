// Package survey looks at everything that a plan protects, and at what it does not,
// for an operator who asks. It changes nothing.
//
// It guarantees that what could not be read is said and does not hide the rest: a
// region that hangs costs its own answers and half a minute.
package survey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/age"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/coverage"
	"github.com/pilotlight/pilotlight/pkg/protect/inspect"
	"github.com/pilotlight/pilotlight/pkg/protect/orphans"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// patience is how long each look may take: a kind listens to a region for up
// to 45 s before it answers without it.
const patience = 50 * time.Second

// Options are what to look at beside sources and findings.
type Options struct {
	Explain bool // every point, and what retention says of it
	Orphans bool
}

// Of surveys a plan. cfg is of the recovery region. Its error is about the ledger;
// what else could not be read is in the answer.
func Of(ctx context.Context, cfg aws.Config, ledger protect.Ledger, p *plan.Plan, o Options) (*report.Points, error) {
	found := &report.Points{Plan: p.Name, Sources: []report.ProtectedSource{}}
	if len(p.Protect) == 0 {
		found.Findings = []string{"the plan protects nothing: it has no policy"}
		return found, nil
	}
	passes, err := protect.OverviewOf(p).Begin(ctx, ledger)
	if err != nil {
		return nil, err
	}
	first := passes[0]
	found.At, found.From, found.To = first.Now, first.From.Region, first.To.Region
	s := &survey{cfg: cfg, found: found}
	for _, pass := range passes {
		s.look(ctx, func(ctx context.Context) error { return s.sources(ctx, pass) })
		if o.Explain {
			s.look(ctx, func(ctx context.Context) error { return s.explain(ctx, pass) })
		}
	}
	s.look(ctx, func(ctx context.Context) error { return s.coverage(ctx, first, p) })
	if o.Orphans {
		s.look(ctx, func(ctx context.Context) error { return s.orphans(ctx, first, p) })
	}
	s.looking.Wait()
	s.sort(p)
	return found, ctx.Err()
}

// survey gathers what the looks find.
type survey struct {
	cfg     aws.Config
	looking sync.WaitGroup

	mu    sync.Mutex
	found *report.Points
}

// look looks beside the others. Its error is something that nobody knows.
func (s *survey) look(ctx context.Context, at func(context.Context) error) {
	s.looking.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := at(ctx); err != nil {
			s.add(func(found *report.Points) { found.Unread = append(found.Unread, err.Error()) })
		}
	})
}

func (s *survey) add(to func(*report.Points)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to(s.found)
}

func (s *survey) sources(ctx context.Context, pass protect.Pass) error {
	sources, err := inspect.Sources(ctx, s.cfg, pass)
	if err != nil {
		return err
	}
	s.add(func(found *report.Points) {
		for _, source := range sources {
			found.Sources = append(found.Sources, row(source, pass))
		}
		if finding := unmeetable(pass.Policy, sources); finding != "" {
			found.Findings = append(found.Findings, finding)
		}
	})
	return nil
}

func row(source protect.Source, pass protect.Pass) report.ProtectedSource {
	r := report.ProtectedSource{
		Policy: pass.Policy.Name, Source: source.ID, Newest: source.Newest, RPOSeconds: pass.Policy.RPO.D().Seconds(),
		State: age.StateOf(source, pass.Policy.RPO.D(), pass.Now), Usable: source.Usable, GiB: source.GiB, Problem: source.Problem,
	}
	if source.Newest.IsZero() {
		return r
	}
	r.AgeSeconds = pass.Now.Sub(source.Newest).Seconds()
	if !pass.Policy.Continuous() {
		r.Due = source.Newest.Add(pass.Policy.Every.D())
	}
	return r
}

// unmeetable does the arithmetic of check with the number and the size of what is
// really there. Without the plan's word on how much changes, nothing does: what it
// then says is true however little that is.
func unmeetable(policy plan.Policy, sources []protect.Source) string {
	gib := 0
	for _, source := range sources {
		gib += source.GiB
	}
	if policy.Continuous() || len(sources) == 0 {
		return ""
	}
	real := plan.Expect{Sources: len(sources), GiB: (gib + len(sources) - 1) / len(sources)}
	if policy.Expect != nil {
		real.Change = policy.Expect.Change
	}
	policy.Expect = &real
	if policy.Oldest() <= policy.RPO {
		return ""
	}
	return fmt.Sprintf("policy %s cannot meet its RPO of %s with what is there: points get %s old (%s); agree to a longer RPO, or protect less",
		policy.Name, policy.RPO, policy.Oldest(), real.Each())
}

func (s *survey) explain(ctx context.Context, pass protect.Pass) error {
	verdicts, err := inspect.Explain(ctx, s.cfg, pass)
	s.add(func(found *report.Points) {
		for _, v := range verdicts {
			found.Judged = append(found.Judged, judged(v, pass.Policy.Name))
		}
	})
	return err
}

func judged(v retention.Verdict, policy string) report.JudgedPoint {
	return report.JudgedPoint{
		Policy: policy, Region: v.Point.Region, Point: v.Point.ID, Of: v.Point.Line(), TakenAt: v.Point.TakenAt,
		State: string(v.Point.State), Keep: v.Keep, Reason: v.Reason,
	}
}

func (s *survey) coverage(ctx context.Context, pass protect.Pass, p *plan.Plan) error {
	findings, err := coverage.Find(ctx, s.cfg, pass.From, p.Covers, p.Protect)
	s.add(func(found *report.Points) {
		for _, finding := range findings {
			found.Findings = append(found.Findings, string(finding))
		}
	})
	return err
}

func (s *survey) orphans(ctx context.Context, pass protect.Pass, p *plan.Plan) error {
	search := orphans.Search{Plan: p.Name, Sites: pass.Sites(), Now: pass.Now}
	for _, policy := range p.Protect {
		search.Policies = append(search.Policies, policy.Name)
	}
	left, err := orphans.Find(ctx, s.cfg, search)
	s.add(func(found *report.Points) {
		found.Orphans = []report.OrphanPoint{}
		for _, o := range left {
			found.Orphans = append(found.Orphans, report.OrphanPoint{
				ID: o.ID, Region: o.Region, Policy: o.Policy, Kind: string(o.Kind), GiB: o.GiB,
				AgeSeconds: o.Age.Seconds(), Reason: o.Reason, Advice: o.Advice,
			})
		}
	})
	return err
}

// sort puts everything in the order of the plan's policies, whichever look was
// over first. Of one policy's points, those of a region stay as they were judged.
func (s *survey) sort(p *plan.Plan) {
	place := map[string]int{}
	for i, policy := range p.Protect {
		place[policy.Name] = i
	}
	slices.SortStableFunc(s.found.Sources, func(a, b report.ProtectedSource) int {
		return cmp.Or(cmp.Compare(place[a.Policy], place[b.Policy]), cmp.Compare(a.Source, b.Source))
	})
	slices.SortStableFunc(s.found.Judged, func(a, b report.JudgedPoint) int { return cmp.Compare(place[a.Policy], place[b.Policy]) })
	slices.Sort(s.found.Findings)
	slices.Sort(s.found.Unread)
}
