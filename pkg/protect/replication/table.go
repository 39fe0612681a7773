package replication

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// table looks at a global table from both sides.
//
// What it comes back with is the replica as it stands, so Newest is now less the
// replication's lag. Point-in-time recovery is for what a replica takes over
// faithfully within a second, a deletion by mistake; that it is off is a problem,
// and says nothing of the age. While the side that serves is silent the lag is
// not known: then Newest is the last moment that the replica can be restored to,
// which AWS vouches for, and what had not arrived by then is lost either way.
func (f *sight) table(ctx context.Context, from, to side, pass protect.Pass) error {
	name := pass.Policy.Table.Name
	f.ID = name
	there, unseen := lookAtTableCopy(ctx, to, name)
	here, err := lookAtTable(ctx, from, to.region, name, pass.Now)
	if unseen != nil {
		return f.unseen(pass, unseen, err)
	}
	f.GiB = there.gib
	if !there.absent && !there.active {
		f.say("table %s is not active in %s: see its state in the console", name, to.region)
	}
	if !there.absent && there.restorable.IsZero() {
		f.say("table %s has no point-in-time recovery in %s, so a deletion by mistake, which is replicated too, could not be undone there: enable it on the replica", name, to.region)
	}
	if err != nil {
		f.Unseen = true
		f.say("table %s cannot be read in %s, so how far behind its replica is cannot be told: %v", name, from.region, err)
		if there.active && !there.restorable.IsZero() {
			f.Newest, f.Usable = there.restorable, 1
		}
		return nil
	}
	switch {
	case here.replica == "" || there.absent:
		f.say("table %s has no replica in %s: add the region to its replicas", name, to.region)
	case here.replica != types.ReplicaStatusActive:
		f.say("the replica of table %s in %s is %s, and not ACTIVE: see its state in the console of %s", name, to.region, here.replica, from.region)
	case there.active:
		f.Newest, f.Usable = pass.Now.Add(-here.lag), 1
	}
	if f.Usable > 0 && here.lag > pass.Policy.RPO.D() {
		f.say("the replica of table %s in %s is %s behind, and the RPO is %s: see whether it is throttled (ThrottledRequests, ReplicationLatency)", name, to.region, plan.Duration(here.lag.Round(time.Second)), pass.Policy.RPO)
	}
	return nil
}

// copyOfTable is what the side that copies go to knows.
type copyOfTable struct {
	absent, active bool
	gib            int
	restorable     time.Time // newest; zero: point-in-time recovery is off
}

func lookAtTableCopy(ctx context.Context, to side, name string) (copyOfTable, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	api := to.dynamodb()
	described, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if failure.Code(err) == "ResourceNotFoundException" {
		return copyOfTable{absent: true}, nil
	}
	if err != nil {
		return copyOfTable{}, fmt.Errorf("read table %s in %s: %w", name, to.region, err)
	}
	const gib = 1 << 30
	seen := copyOfTable{
		// A replica can be read and written while it is updated.
		// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
		active: described.Table.TableStatus == types.TableStatusActive || described.Table.TableStatus == types.TableStatusUpdating,
		gib:    int((aws.ToInt64(described.Table.TableSizeBytes) + gib - 1) / gib),
	}
	backups, err := api.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String(name)})
	if err != nil {
		return copyOfTable{}, fmt.Errorf("read the backups of table %s in %s: %w", name, to.region, err)
	}
	recovery := backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	if recovery != nil && recovery.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
		seen.restorable = aws.ToTime(recovery.LatestRestorableDateTime)
	}
	return seen, nil
}

// servingTable is what the side that serves knows.
type servingTable struct {
	replica types.ReplicaStatus // of the other region; empty: it has none there
	lag     time.Duration
}

func lookAtTable(ctx context.Context, from side, other, name string, now time.Time) (servingTable, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	described, err := from.dynamodb().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if err != nil {
		return servingTable{}, err
	}
	var seen servingTable
	for _, replica := range described.Table.Replicas {
		if aws.ToString(replica.RegionName) == other {
			seen.replica = replica.ReplicaStatus
		}
	}
	// Published where an item was written, with the region that it went to. It is
	// the time that an item took, so without a write there is none to publish, and
	// no value means that nothing is under way.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_monitoring.html
	values, err := read(ctx, from.cloudwatch(), now.Add(-lately), now, series{"AWS/DynamoDB", latency, "Maximum", resolution,
		[]cloudwatchtypes.Dimension{dimension("TableName", name), dimension("ReceivingRegion", other)}})
	if err == nil && len(values[0]) > 0 {
		seen.lag = time.Duration(values[0][0].Amount * float64(time.Millisecond))
	}
	return seen, err
}
