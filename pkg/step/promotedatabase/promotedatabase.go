// Package promotedatabase is the step kind promote-database: it gives the
// recovery region a database that accepts writes, by promoting an RDS read
// replica, by failing an Aurora global database over, or by restoring a policy's
// recovery point.
//
// It guarantees one promotion and one restored database however often it is
// asked, because it reads first what is there; that a graceful run loses nothing
// that was written before its fence; and that a drill touches neither replica nor
// global database: it restores a copy and says so. It cannot take a promotion
// back, and does not wait for replication in an unplanned failover, which cannot
// ask a region that is gone.
package promotedatabase

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Kind acts in one region.
type Kind struct {
	rds     api
	metrics metrics
	region  string
}

// New acts in the region of cfg, which is the recovery region.
func New(cfg aws.Config) *Kind {
	return &Kind{rds.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg), cfg.Region}
}

// The output that says how the database came to accept writes: the time of a
// restored copy is not that of a promotion.
const (
	measured  = "measured"
	promotion = "promotion"
	failover  = "failover"
	restore   = "restore"
	nothing   = "nothing"
)

// Advance makes the next move of the way that the spec takes.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.PromoteDatabase) (step.Progress, error) {
	switch {
	case spec.Global != "" && r.Drill != nil:
		return leftOut(spec), nil
	case spec.Global != "":
		return k.failOver(ctx, r, spec)
	case copies(r, spec):
		return k.restore(ctx, r, spec)
	}
	return k.promote(ctx, r, spec)
}

// copies says whether the step restores a database of its own. So it does instead of
// promoting a replica when the run takes data from before a moment: a replica has
// whatever was done to its source.
func copies(r step.Run, spec plan.PromoteDatabase) bool {
	return spec.Policy != "" || r.Drill != nil || spec.Replica != "" && !r.AsOf.IsZero()
}

// leftOut is of a global database, whose failover cannot be tried on a copy. Later
// steps get a name that never resolves, so that none of them reaches production.
// https://www.rfc-editor.org/rfc/rfc2606
func leftOut(spec plan.PromoteDatabase) step.Progress {
	return step.Progress{
		Done:    true,
		Detail:  "left out in a drill: the failover of global database " + spec.Global + " cannot be tried on a copy",
		Outputs: map[string]string{"endpoint": "left-out-in-a-drill.invalid", "port": "0", measured: nothing},
	}
}

// available is the one status in which RDS accepts a promotion or a change.
const available = "available"

// find answers nil when there is no instance of that name.
func (k *Kind) find(ctx context.Context, name string) (*types.DBInstance, error) {
	out, err := k.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	var unknown *types.DBInstanceNotFoundFault
	if errors.As(err, &unknown) || err == nil && len(out.DBInstances) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at database %s: %w", name, err)
	}
	return &out.DBInstances[0], nil
}

// serves counts a database as up while its first backup, or the optimization
// after a change, goes on: it takes connections in both, and either can outlast
// a recovery time objective.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
func serves(status string) bool {
	return status == available || status == "backing-up" || status == "storage-optimization"
}

// broken is a status that only a person ends, from the same list.
func broken(status string) bool {
	switch status {
	case "failed", "restore-error", "storage-full", "deleting", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable":
		return true
	}
	return strings.HasPrefix(status, "incompatible-")
}

// busy is a call that lost a race against a state change.
func busy(err error) bool {
	var instance *types.InvalidDBInstanceStateFault
	var cluster *types.InvalidDBClusterStateFault
	var global *types.InvalidGlobalClusterStateFault
	return errors.As(err, &instance) || errors.As(err, &cluster) || errors.As(err, &global)
}

// reached are the outputs of a database that accepts writes.
func reached(address *string, port *int32, how string) map[string]string {
	return map[string]string{
		"endpoint": aws.ToString(address),
		"port":     strconv.Itoa(int(aws.ToInt32(port))),
		measured:   how,
	}
}

func pending(format string, args ...any) step.Progress {
	return step.Pending(fmt.Sprintf(format, args...))
}
