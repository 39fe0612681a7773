package databases

import (
	"context"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/keys"
)

// usable leaves out the copies that their keys would fail, on either side: they wait
// for a later pass, which looks again. A wrong key is a problem of its own database.
func (p *pass) usable(ctx context.Context, wanted []backlog.Copy, sources, copies []lineage.Point) []backlog.Copy {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fine, announced, err := p.shared.keys.Check(ctx, p.Pass, wanted, sources, copies)
	p.result.Announced = append(p.result.Announced, announced...)
	p.result.Waiting += len(wanted) - len(fine)
	p.tell(keys.Each(err)...)
	return fine
}

// encryptable says whether the backups of a database can be replicated with its key
// and the policy's. What is plain stays so.
func (p *pass) encryptable(ctx context.Context, source *database) bool {
	if !source.encrypted {
		return true
	}
	backups := lineage.Point{ID: source.arn, Policy: p.Policy.Name, Origin: source.arn, Key: source.key, SizeGiB: source.gib, TakenAt: p.Now}
	return len(p.usable(ctx, []backlog.Copy{{Point: backups}}, nil, nil)) > 0
}
