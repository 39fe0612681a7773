package databases

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/keys"
)

// view is what the passes of one invocation see: each listing is read once, and
// what the passes make is added to it. It is not safe for concurrent use.
type view struct {
	cfg   aws.Config
	sides map[seat]*side
	keys  *keys.Keys
}

// seat is a site and what is kept there: clusters, or instances.
type seat struct {
	protect.Site
	cluster bool
}

func newView(cfg aws.Config) *view { return &view{cfg, map[seat]*side{}, keys.New(cfg)} }

// at is a site, for instances or for clusters.
func (v *view) at(site protect.Site, cluster bool) *side {
	key := seat{site, cluster}
	if known := v.sides[key]; known != nil {
		return known
	}
	client := rds.NewFromConfig(access.At(v.cfg, site))
	s := &side{api: client, Site: site}
	if s.shelf = (instances{client, site.Region}); cluster {
		s.shelf = clusters{client, site.Region}
	}
	v.sides[key] = s
	return s
}

// side is one site as it was listed.
type side struct {
	protect.Site
	api
	shelf

	down    error // why it is not asked any more
	sources *[]database
	held    *[]snapshot
	backups *[]types.DBInstanceAutomatedBackup
}

// databases are all of the site's, of side's kind.
func (s *side) databases(ctx context.Context) ([]database, error) {
	return once(ctx, s, &s.sources, s.shelf.databases)
}

// snapshots are all the manual ones of the site, whosever they are: RDS filters
// by no tag, and its quotas do not ask either.
func (s *side) snapshots(ctx context.Context) ([]snapshot, error) {
	return once(ctx, s, &s.held, s.shelf.snapshots)
}

// made adds what a call has made since.
func (s *side) made(one snapshot) {
	if s.held != nil {
		*s.held = append(*s.held, one)
	}
}

// automated are the site's automated backups, replicated ones among them.
func (s *side) automated(ctx context.Context) ([]types.DBInstanceAutomatedBackup, error) {
	return once(ctx, s, &s.backups, func(ctx context.Context) ([]types.DBInstanceAutomatedBackup, error) {
		var all []types.DBInstanceAutomatedBackup
		pages := rds.NewDescribeDBInstanceAutomatedBackupsPaginator(s.api, &rds.DescribeDBInstanceAutomatedBackupsInput{MaxRecords: aws.Int32(perPage)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			all = append(all, page.DBInstanceAutomatedBackups...)
		}
		return all, nil
	})
}

// patience is how long one listing is waited for: less than half of what a pass
// has (protect.PassLimit), so that a region that hangs does not cost the other one
// its turn.
const patience = 25 * time.Second

// once reads a listing unless it was read. A side that did not answer once is not
// asked again: the passes of a batch would wait one after the other.
func once[T any](ctx context.Context, s *side, kept **[]T, read func(context.Context) ([]T, error)) ([]T, error) {
	if *kept == nil && s.down == nil {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		all, err := read(ctx)
		if err != nil {
			s.down = err
			return nil, err
		}
		*kept = &all
	}
	if *kept == nil {
		return nil, s.down
	}
	return **kept, nil
}
