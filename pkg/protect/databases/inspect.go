package databases

import (
	"context"
	"fmt"
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
	source, unreachable := p.source(ctx)
	var err error
	if p.byBackups() {
		err = p.inspectBackups(ctx, source, &found)
	} else {
		err = p.inspectSnapshots(ctx, source, &found)
	}
	if err != nil {
		return nil, err
	}
	if unreachable != nil {
		p.problem("%s cannot be asked for the database: %v", p.From.Region, unreachable)
	}
	if source != nil {
		found.GiB = source.gib
	}
	found.Problem = strings.Join(p.result.Problems, "; ")
	return []protect.Source{found}, nil
}

// inspectBackups: what can be restored counts, also when nothing is added to it
// any more.
func (p *pass) inspectBackups(ctx context.Context, source *database, found *protect.Source) error {
	backups, err := p.replicated(ctx)
	if err != nil {
		return err
	}
	if found.Newest = latest(newest(backups)); !found.Newest.IsZero() {
		found.Usable = 1
	}
	switch {
	case source != nil && running(backups, source) == nil && p.obstacle(source) == "":
		p.problem("the backups of %s are not replicated to %s", source.name, p.To.Region)
	case source != nil:
		p.tell(p.unhealthy(source, backups))
	}
	return nil
}

func (p *pass) inspectSnapshots(ctx context.Context, source *database, found *protect.Source) error {
	copies, err := p.copies(ctx)
	if err != nil {
		return err
	}
	for _, set := range lineage.Groups(copies) {
		if !set.Usable() {
			continue
		}
		found.Usable++
		if set.TakenAt.After(found.Newest) {
			found.Newest = set.TakenAt
		}
	}
	if source == nil {
		return nil
	}
	p.tell(p.unmapped(source)...)
	lacks, err := p.misfits(ctx, source)
	if err != nil {
		return fmt.Errorf("check the groups of policy %s: %w", p.Policy.Name, err)
	}
	p.tell(lacks...)
	return nil
}
