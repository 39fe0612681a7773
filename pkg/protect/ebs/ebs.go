// Package ebs is the pass that recovery points made of EBS snapshots have in
// common, whether a snapshot is a point of its own or a part of an image: the look
// at every region, copies up to the slots that AWS has, and retention on all sides.
//
// It guarantees that a region which hangs or errs stops nothing that does not need
// it: while the recovery region serves, the primary one may be gone. It makes no
// point and copies none: that is what a Kind does.
package ebs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/keys"
)

// Kind is what one kind of recovery points does in its own way. Sites are worked
// on at the same time: a method must not write what another one reads.
type Kind interface {
	// Look lists what is at a site. It changes nothing.
	Look(ctx context.Context, at protect.Site) (Seen, error)
	// Take makes the points that are due on the side that serves.
	Take(ctx context.Context, seen Seen, done *protect.Result) error
	// Copy begins one copy on the other side. The error tells protect.Later.
	Copy(ctx context.Context, source lineage.Point, within int32, tags map[string]string) error
	// InUse turns what shall follow the newest usable copy, and says which points
	// something holds on to at a site, by id. Where that is known, an error of the
	// turning comes with it, and stops no retention.
	InUse(ctx context.Context, at protect.Site, usable []lineage.Point, done *protect.Result) (map[string]bool, error)
	// Delete deletes a point with its parts; ErrKept of package tagged says that AWS
	// does not let it go.
	Delete(ctx context.Context, at protect.Site, point lineage.Point) error
}

// Seen is what a site holds of a policy.
type Seen struct {
	Own    []lineage.Point // that Pilotlight took there, in this direction or before it turned
	Copies []lineage.Point // that Pilotlight copied there
	// On the side that serves: what copies are made of (Own, or what another tool
	// took), what is protected, by id and GiB, and the volumes that it is made of.
	Sources  []lineage.Point
	Subjects []protect.Source
	Volumes  []backlog.Volume
	Problems []string // that only a person can mend
}

// Pass is one look at the world and what follows from it.
type Pass struct {
	protect.Pass
	Log  *slog.Logger
	in   func(protect.Site) Region
	kind Kind
	keys *keys.Keys // nil: no key is checked
}

// New prepares a pass whose kind is made for it.
func New(cfg aws.Config, begun protect.Pass, kind func(*Pass) Kind) *Pass {
	clients := map[string]Region{}
	for _, site := range sites(begun) {
		clients[site.Region] = ec2.NewFromConfig(access.At(cfg, site))
	}
	p := Within(begun, func(site protect.Site) Region { return clients[site.Region] }, kind)
	p.keys = keys.New(cfg)
	return p
}

// Within is New for regions that are at hand.
func Within(begun protect.Pass, in func(protect.Site) Region, kind func(*Pass) Kind) *Pass {
	p := &Pass{Pass: begun, Log: slog.With("plan", begun.Plan, "policy", begun.Policy.Name), in: in}
	p.kind = kind(p)
	return p
}

// In is EC2 at a site of the plan.
func (p *Pass) In(site protect.Site) Region { return p.in(site) }

// Handle makes one pass over the policy in the input of a function.
func Handle(ctx context.Context, cfg aws.Config, ledger protect.Ledger, function protect.Function, raw json.RawMessage, kind func(*Pass) Kind) (protect.Result, error) {
	begun, err := function.Begin(ctx, ledger, raw)
	if err != nil {
		return protect.Result{}, err
	}
	if begun.Ignored != "" {
		return protect.Result{Status: protect.Ignored, Reason: begun.Ignored}, nil
	}
	return New(cfg, begun, kind).Reconcile(ctx)
}

// sites are where points of the policy may be: the two of this direction, and the
// plan's third region, which another direction left points in.
func sites(pass protect.Pass) []protect.Site {
	all := []protect.Site{pass.From, pass.To}
	for _, site := range pass.Sites() {
		if site.Region != pass.From.Region && site.Region != pass.To.Region {
			all = append(all, site)
		}
	}
	return all
}

// Reconcile takes, copies, points and retires. What can be done at one site is
// done whatever the others answer; an error in one part leaves the rest to be done.
// Its error is for what AWS answered, and for a plan of which neither side does.
func (p *Pass) Reconcile(ctx context.Context) (protect.Result, error) {
	sides := p.look(ctx)
	from, to := sides[0], sides[1]
	missing := p.missing(from, to)
	var all sync.WaitGroup
	for i, s := range sides {
		all.Go(func() {
			switch {
			case s.err != nil && i == 1: // those that arrived before are counted as well: nobody can tell
				s.done.Waiting += missing.Held + len(missing.Wanted)
				return
			case s.err != nil:
				return
			case i == 0:
				s.fail(p.kind.Take(ctx, s.Seen, &s.done))
			case i == 1 && from.err == nil:
				s.fail(p.copy(ctx, s, missing, from.Sources))
			}
			s.fail(p.retire(ctx, s, missing.Outstanding))
		})
	}
	all.Wait()
	return p.sum(ctx, sides)
}

// sum puts together what became of the sites. A region that does not answer is not
// the pass's failure, because to make the pass again changes nothing: as long as
// one side of the direction is there, it is told, and the ages tell the rest.
func (p *Pass) sum(ctx context.Context, sides []*side) (protect.Result, error) {
	result := protect.Result{Status: protect.Reconciled}
	alone := sides[0].err != nil && sides[1].err != nil
	var failed []error
	for i, s := range sides {
		result.Add(s.done)
		unanswered, err := protect.Silence(ctx, errors.Join(s.failed...))
		for _, one := range unanswered {
			p.tell(&result, s, protect.NotAnswered(one), one)
		}
		failed = append(failed, err)
		switch {
		case s.err == nil:
		case failure.Unanswered(s.err) && !alone && ctx.Err() == nil:
			p.tell(&result, s, p.Silent(s.Region), s.err)
		case i < 2:
			failed = append(failed, s.err)
		default: // nothing is made there now, and what is there waits
			p.tell(&result, s, "what the other direction left is not retired: "+s.err.Error(), s.err)
		}
	}
	return result, errors.Join(failed...)
}

func (p *Pass) tell(result *protect.Result, s *side, problem string, err error) {
	result.Problems = append(result.Problems, problem)
	p.Log.Warn("region is not looked after", "region", s.Region, "reason", problem, "err", err)
}

// missing is what is yet to be copied; nothing is known of it while the side that
// serves does not answer. Without the other side's copies everything counts as
// missing: its newest set is held on to, and older ones go on being retired.
func (p *Pass) missing(from, to *side) backlog.Copies {
	if from.err != nil {
		return backlog.Copies{}
	}
	return backlog.Missing(from.Sources, p.fit(to.Copies), backlog.Policy{Every: p.Policy.Every.D(), RPO: p.Policy.RPO.D()}, p.Now)
}

// Encryption is what a copy call says of it: nothing, when the policy names no key.
func (p *Pass) Encryption() (encrypted *bool, key *string) {
	if p.Policy.Key == "" {
		return nil, nil
	}
	if id := p.Key(); id != "" {
		key = aws.String(id)
	}
	return aws.Bool(true), key
}
