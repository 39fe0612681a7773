package promotedatabase

import (
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

const (
	home = simulated.Home
	away = simulated.Away
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// world is an AWS of its own, a run in it and its step.
type world struct {
	*simulated.Trial[plan.PromoteDatabase]
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	kind := func(cfg aws.Config) step.Kind[plan.PromoteDatabase] { return New(cfg) }
	return &world{simulated.NewTrial(t, kind, "orders"), t}
}

// team reaches RDS past the front, as somebody else.
func (w *world) team(region string) *rds.Client { return rds.NewFromConfig(w.Team(region)) }

// databases are all that RDS holds in the region that the step acts in, in words.
func databases(w *simulated.Trial[plan.PromoteDatabase]) []string {
	w.T.Helper()
	all, c, ctx := []string{}, rds.NewFromConfig(w.Team(w.Run.Recovery)), w.T.Context()
	instances := must[*rds.DescribeDBInstancesOutput](w.T)(c.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{}))
	for _, db := range instances.DBInstances {
		all = append(all, fmt.Sprintf("instance %s %s %s multi-az %t of %q backups %d tags %v", *db.DBInstanceIdentifier, *db.DBInstanceStatus, *db.DBInstanceClass,
			aws.ToBool(db.MultiAZ), aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier), aws.ToInt32(db.BackupRetentionPeriod), words(db.TagList)))
	}
	clusters := must[*rds.DescribeDBClustersOutput](w.T)(c.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{}))
	for _, one := range clusters.DBClusters {
		all = append(all, fmt.Sprintf("cluster %s %s %v", *one.DBClusterIdentifier, *one.Status, words(one.TagList)))
	}
	snapshots := must[*rds.DescribeDBSnapshotsOutput](w.T)(c.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")}))
	for _, s := range snapshots.DBSnapshots {
		all = append(all, fmt.Sprintf("snapshot %s %v", *s.DBSnapshotIdentifier, words(s.TagList)))
	}
	ofClusters := must[*rds.DescribeDBClusterSnapshotsOutput](w.T)(c.DescribeDBClusterSnapshots(ctx, &rds.DescribeDBClusterSnapshotsInput{SnapshotType: aws.String("manual")}))
	for _, s := range ofClusters.DBClusterSnapshots {
		all = append(all, fmt.Sprintf("cluster snapshot %s %v", *s.DBClusterSnapshotIdentifier, words(s.TagList)))
	}
	return all
}

// must takes the answer of a call that has to succeed.
func must[T any](t testing.TB) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
