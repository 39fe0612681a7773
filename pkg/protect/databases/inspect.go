package databases

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// Inspect says how well the database of a pass's policy is protected. It changes
// nothing, and answers from the other side alone when the one that serves cannot
// be reached.
func Inspect(ctx context.Context, cfg aws.Config, begun protect.Pass) ([]protect.Source, error) {
	p := newPass(begun, newView(cfg))
	found := protect.Source{Policy: p.Policy.Name, ID: p.name()}
	look := p.inspectSnapshots
	if p.byBackups() {
		look = p.inspectBackups
	}
	judge, err := look(ctx, &found)
	if err != nil {
		return nil, err
	}
	source, unreachable := p.source(ctx) // last: its region may be gone
	switch {
	case unreachable != nil:
		found.Unseen = true
		p.problem("%s cannot be asked for the database: %v", p.From.Region, unreachable)
	case source != nil:
		found.GiB = source.gib
		err = judge(source)
	}
	found.Problem = strings.Join(p.result.Problems, "; ")
	return []protect.Source{found}, err
}

// inspectBackups: what can be restored counts, also when nothing is added to it
// any more.
func (p *pass) inspectBackups(ctx context.Context, found *protect.Source) (judge func(*database) error, err error) {
	backups, err := p.replicated(ctx)
	if err != nil {
		return nil, err
	}
	if found.Newest = latest(newest(backups)); !found.Newest.IsZero() {
		found.Usable = 1
	}
	return func(source *database) error {
		if running(backups, source) == nil && p.obstacle(source) == "" {
			p.problem("the backups of %s are not replicated to %s", source.name, p.To.Region)
			return nil
		}
		p.tell(p.unhealthy(source, backups))
		return nil
	}, nil
}

func (p *pass) inspectSnapshots(ctx context.Context, found *protect.Source) (judge func(*database) error, err error) {
	there := p.hold(ctx, p.to)
	if there.err != nil {
		return nil, there.err
	}
	for _, set := range lineage.Groups(there.copies) {
		if !set.Usable() {
			continue
		}
		found.Usable++
		if set.TakenAt.After(found.Newest) {
			found.Newest = set.TakenAt
		}
	}
	return func(source *database) error {
		p.tell(p.unmapped(source)...)
		lacks, err := p.misfits(ctx, source)
		p.tell(lacks...)
		return err
	}, nil
}
