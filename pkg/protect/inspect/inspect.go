// Package inspect asks the kind of a policy how well what it protects is
// protected, and what would become of each recovery point. It changes nothing, and
// it answers from the side that copies go to when the other one is gone.
package inspect

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/databases"
	"github.com/pilotlight/pilotlight/pkg/protect/images"
	"github.com/pilotlight/pilotlight/pkg/protect/replication"
	"github.com/pilotlight/pilotlight/pkg/protect/snapshots"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// kind is how the policies of one protection function are looked at.
type kind struct {
	sources func(context.Context, aws.Config, protect.Pass) ([]protect.Source, error)
	explain func(context.Context, aws.Config, protect.Pass) ([]retention.Verdict, error) // nil: it has no points to let go
}

// kinds are they, by the function's name.
var kinds = map[string]kind{
	protect.RotateSnapshots.Name:  {snapshots.Inspect, snapshots.Explain},
	protect.RefreshImages.Name:    {images.Inspect, images.Explain},
	protect.ProtectDatabases.Name: {databases.Inspect, databases.Explain},
	protect.WatchReplication.Name: {replication.Inspect, nil},
}

func kindOf(pass protect.Pass) (kind, error) {
	function := protect.FunctionOf(pass.Policy).Name
	k, ok := kinds[function]
	if !ok {
		return k, fmt.Errorf("nothing here can look at what %s protects", function)
	}
	return k, nil
}

// Sources are what the policy of a pass protects. cfg is the caller's own, of the
// recovery region.
func Sources(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]protect.Source, error) {
	k, err := kindOf(pass)
	if err != nil {
		return nil, err
	}
	return k.sources(ctx, cfg, pass)
}

// Explain is what retention says of every recovery point of a policy, on all
// sides. With an error come the verdicts on what could be read.
func Explain(ctx context.Context, cfg aws.Config, pass protect.Pass) ([]retention.Verdict, error) {
	k, err := kindOf(pass)
	if err != nil || k.explain == nil {
		return nil, err
	}
	return k.explain(ctx, cfg, pass)
}
