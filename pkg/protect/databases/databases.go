// Package databases keeps the recovery points of RDS instances and Aurora
// clusters: it has RDS replicate the automated backups of an instance, or takes
// snapshots, copies them to the other side under that region's key, and retires
// what retention lets go on both sides.
//
// It guarantees that every snapshot carries its lineage from the call that makes
// it, that a call made twice makes one snapshot, that a quota or a throttle only
// delays, and that one database that cannot be protected stops no other. It never
// stops a replication of backups: whoever wants none deletes it by hand.
package databases

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
)

// Protection is the protect-databases function.
type Protection struct {
	cfg    aws.Config
	ledger protect.Ledger
}

// New wires a protection to AWS.
func New(cfg aws.Config, ledger protect.Ledger) *Protection {
	return &Protection{access.Once(cfg), ledger}
}

// Handle makes one pass over each policy that is asked for. They share what they
// see: RDS lists without regard to tags, so that every policy's listing would be
// the same, and would be most of the calls.
func (d *Protection) Handle(ctx context.Context, raw json.RawMessage) (protect.Answer, error) {
	shared := newView(d.cfg)
	return protect.ProtectDatabases.Queued(func(ctx context.Context, raw json.RawMessage) (protect.Result, error) {
		begun, err := protect.ProtectDatabases.Begin(ctx, d.ledger, raw)
		if err != nil {
			return protect.Result{}, err
		}
		if begun.Ignored != "" {
			return protect.Result{Status: protect.Ignored, Reason: begun.Ignored}, nil
		}
		p := newPass(begun, shared)
		err = p.reconcile(ctx)
		return p.result, err
	})(ctx, raw)
}

// pass is one look at a policy's database and what follows from it.
type pass struct {
	protect.Pass
	shared   *view
	from, to *side
	result   protect.Result
	log      *slog.Logger
}

func newPass(begun protect.Pass, shared *view) *pass {
	p := &pass{
		Pass:   begun,
		shared: shared,
		result: protect.Result{Status: protect.Reconciled},
		log:    slog.With("plan", begun.Plan, "policy", begun.Policy.Name),
	}
	p.from, p.to = shared.at(begun.From, p.cluster()), shared.at(begun.To, p.cluster())
	return p
}

func (p *pass) cluster() bool { return p.Policy.Database.Cluster != "" }

// reconcile does what is missing. What can be done at one site is done whatever
// the others answer. What only a person can mend is a problem and no error: the
// same message would fail the same however often it were delivered.
func (p *pass) reconcile(ctx context.Context) error {
	if p.byBackups() {
		return p.replicate(ctx)
	}
	held := p.look(ctx)
	from, to := held[0], held[1]
	source, unreachable := p.source(ctx)
	var taken, copied error
	if source != nil && from.err == nil {
		p.tell(p.unmapped(source)...)
		taken = p.take(ctx, source, from.own)
	}
	missing := p.missing(from, to)
	if to.err == nil {
		copied = p.copy(ctx, missing, from, to)
	} else { // those that arrived before are counted as well: nobody can tell
		p.result.Waiting += missing.Held + len(missing.Wanted)
	}
	retired := p.retire(ctx, held, missing.Outstanding)
	return p.settle(ctx, unreachable, from.err, to.err, taken, copied, retired, p.elsewhere(held[2:]))
}

// byBackups: a cluster has no backups that RDS would replicate.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
func (p *pass) byBackups() bool {
	return p.Policy.Database.By != plan.Snapshots && !p.cluster()
}

// name is the identifier of the policy's database on the side that serves. RDS
// keeps identifiers in lowercase, however they were written.
func (p *pass) name() string {
	d := p.Policy.Database
	if p.From.Region == p.Recovery && d.Replica != "" {
		return d.Replica
	}
	return d.Instance + d.Cluster
}

// source is the policy's database on the side that serves; nil, and a problem,
// when there is none.
func (p *pass) source(ctx context.Context) (*database, error) {
	all, err := p.from.databases(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the %s in %s: %w", p.from.noun(), p.From.Region, err)
	}
	for i := range all {
		if strings.EqualFold(all[i].name, p.name()) {
			return &all[i], nil
		}
	}
	p.problem("there is no %s called %s in %s: name one that is there", p.from.noun(), p.name(), p.From.Region)
	return nil, nil
}

// tell notes what there is to tell.
func (p *pass) tell(said ...string) {
	for _, s := range said {
		if s != "" {
			p.problem("%s", s)
		}
	}
}

func (p *pass) problem(format string, args ...any) {
	said := fmt.Sprintf(format, args...)
	p.result.Problems = append(p.result.Problems, said)
	p.log.Warn("database is not protected as it should be", "database", p.name(), "reason", said)
}
