// Package orphans reports what Pilotlight made and no pass looks after any more,
// or looks after in vain: it costs money, and a person should decide.
//
// It guarantees that it changes nothing, reads listings alone and names only what
// carries the plan's own tags. A region that does not answer is an error beside
// the report, and nothing is called an orphan because that region is silent.
package orphans

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
)

// Search is what to look for, and where.
type Search struct {
	Plan     string
	Policies []string       // the names of all policies that the plan has
	Sites    []protect.Site // all of the plan's, the next region's too: protect.Input.Sites
	Now      time.Time      // AWS's
}

// Kind is what makes a point an orphan.
type Kind string

// The kinds, in the order in which they are asked: a point is reported once.
const (
	NoImage  Kind = "no-image"  // a snapshot of an image that is gone
	NoPolicy Kind = "no-policy" // the plan has no policy of that name any more
	Failed   Kind = "failed"    // AWS could not complete it
	Overdue  Kind = "overdue"   // marked, and long past its date
	NoVolume Kind = "no-volume" // the volume that it is a point of is gone
)

// Orphan is one snapshot of a volume or of a database, or one image with its
// snapshots.
type Orphan struct {
	ID     string        `json:"id"`
	Region string        `json:"region"`
	Policy string        `json:"policy"`
	Kind   Kind          `json:"kind"`
	GiB    int           `json:"gib"` // of the volumes; what is stored may be less
	Age    time.Duration `json:"age"` // of its data; zero: AWS does not say
	Reason string        `json:"reason"`
	Advice string        `json:"advice"` // what a person should do
}

// Find lists every orphan of a plan, by region and id. Its error names the
// regions that did not answer; the orphans of the others come with it.
func Find(ctx context.Context, cfg aws.Config, search Search) ([]Orphan, error) {
	// All at once: a region that hangs must not take the time of the others.
	worlds, silent := make([]world, len(search.Sites)), make([]error, len(search.Sites))
	var all sync.WaitGroup
	for i, site := range search.Sites {
		all.Go(func() { worlds[i], silent[i] = search.look(ctx, access.At(cfg, site)) })
	}
	all.Wait()
	seen := world{exists: map[string]bool{}}
	for _, w := range worlds {
		seen.add(w)
	}
	found := search.judge(seen)
	slices.SortFunc(found, func(a, b Orphan) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID))
	})
	return found, errors.Join(silent...)
}

// look looks at one region. What was seen of it counts, also beside an error.
func (s Search) look(ctx context.Context, there aws.Config) (world, error) {
	seen := world{exists: map[string]bool{}}
	if err := seen.list(ctx, look{ec2.NewFromConfig(there), there.Region}, s.Plan); err != nil {
		return world{silent: true}, fmt.Errorf("look for orphans in %s: %w", there.Region, err)
	}
	databases := rds.NewFromConfig(there)
	if err := seen.databases(ctx, databases, databases, there.Region, s.Plan); err != nil {
		return seen, fmt.Errorf("look for orphans of databases in %s: %w", there.Region, err)
	}
	return seen, nil
}
