// Package retire is the step kind retire: it removes, from the region that is left,
// databases that the plan names and what earlier runs of the plan made there.
//
// It guarantees that nothing is deleted in an unplanned run, that a database or a
// volume with data goes only after a snapshot of it is complete, and that of everything else only what
// carries the plan's own tags and an earlier run's is touched. What it removed
// cannot be brought back, except from those snapshots.
package retire

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Kind acts in the region that a run leaves.
type Kind struct{ cfg aws.Config }

// New wires the kind to AWS. The region is the run's.
func New(cfg aws.Config) *Kind { return &Kind{cfg} }

// side is the region that is left.
type side struct {
	region string
	rds    *rds.Client
	ec2    *ec2.Client
}

func (k *Kind) side(r step.Run) side {
	return side{
		region: r.Primary,
		rds:    rds.NewFromConfig(k.cfg, func(o *rds.Options) { o.Region = r.Primary }),
		ec2:    ec2.NewFromConfig(k.cfg, func(o *ec2.Options) { o.Region = r.Primary }),
	}
}

// Advance removes the databases, then what runs made.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.Retire) (step.Progress, error) {
	switch {
	case r.Drill != nil:
		return step.Progress{Done: true, Detail: "left out in a drill: nothing of the other side is removed"}, nil
	case !r.Mode.Graceful() || r.Primary == r.Recovery:
		return step.Progress{}, step.Permanent("a run that is %s removes nothing: what seems useless may be all that is left; skip the step, and retire in a failback or a planned run", r.Mode)
	}
	at := k.side(r)
	var waits []string
	for _, name := range spec.Databases {
		wait, err := at.database(ctx, r, name)
		if err != nil {
			return step.Progress{}, err
		}
		waits = append(waits, wait...)
	}
	if spec.Made && len(waits) == 0 {
		wait, err := at.made(ctx, r)
		if err != nil {
			return step.Progress{}, err
		}
		waits = append(waits, wait...)
	}
	if len(waits) > 0 {
		return step.Pending(strings.Join(waits, "; ")), nil
	}
	gone, err := at.gone(ctx, r)
	if err != nil {
		return step.Progress{}, err
	}
	return step.Progress{Done: true, Detail: removed(gone, at.region), Outputs: map[string]string{"removed": strings.Join(gone, ", ")}}, nil
}

func removed(gone []string, region string) string {
	if len(gone) == 0 {
		return "there was nothing to remove in " + region
	}
	return fmt.Sprintf("removed from %s: %s", region, strings.Join(gone, ", "))
}
