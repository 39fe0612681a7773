// Package inspect asks the kind of a policy how well what it protects is
// protected. It changes nothing, and it answers from the side that copies go to
// when the other one is gone.
package inspect

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/images"
	"github.com/pilotlight/pilotlight/pkg/protect/replication"
	"github.com/pilotlight/pilotlight/pkg/protect/snapshots"
)

// kinds are the looks of each protection function, by its name.
var kinds = map[string]func(context.Context, aws.Config, protect.Pass) ([]protect.Source, error){
	protect.RotateSnapshots.Name:  copied(snapshots.Copies),
	protect.RefreshImages.Name:    copied(images.Copies),
	protect.WatchReplication.Name: replication.Inspect,
}

// Sources are what the policy of a pass protects. cfg is the caller's own, of the
// recovery region.
func Sources(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]protect.Source, error) {
	function := protect.FunctionOf(pass.Policy).Name
	look, ok := kinds[function]
	if !ok {
		return nil, fmt.Errorf("nothing here can look at what %s protects", function)
	}
	sources, err := look(ctx, cfg, pass)
	if err != nil {
		return nil, fmt.Errorf("look at policy %s: %w", pass.Policy.Name, err)
	}
	return sources, nil
}

// copied sums up the copies on the other side.
func copied(list func(context.Context, aws.Config, string, string) ([]lineage.Point, error)) func(context.Context, aws.Config, protect.Pass) ([]protect.Source, error) {
	return func(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]protect.Source, error) {
		points, err := list(ctx, access.At(cfg, pass.To), pass.Plan, pass.Policy.Name)
		if err != nil {
			return nil, err
		}
		at := map[string]int{}
		var sources []protect.Source
		for _, group := range lineage.Groups(points) {
			i, seen := at[group.Subject]
			if !seen {
				i, at[group.Subject] = len(sources), len(sources)
				sources = append(sources, protect.Source{Policy: pass.Policy.Name, ID: group.Subject})
			}
			if group.Usable() {
				sources[i].Usable++
				if sources[i].Newest.IsZero() {
					sources[i].Newest = group.TakenAt
				}
			}
		}
		return sources, nil
	}
}
