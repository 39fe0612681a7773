package front

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

func TestRestore_waitsForItsSnapshotAndTakesItsTime(t *testing.T) {
	f := start(t)
	newReplica(t, f)
	must[string](t)(snapshotDatabase(t, f, "first"))
	restore := func() error {
		_, err := databases(f, east).RestoreDBInstanceFromDBSnapshot(t.Context(), &rds.RestoreDBInstanceFromDBSnapshotInput{
			DBSnapshotIdentifier: aws.String("first"), DBInstanceIdentifier: aws.String("again")})
		return err
	}
	if err := restore(); refusal(err) != "InvalidDBSnapshotState" {
		t.Errorf("of a snapshot that is made: %v", err)
	}
	pass(t, 6*time.Minute)
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	if db := database(t, f, east, "again"); *db.DBInstanceStatus != "creating" || db.Endpoint != nil {
		t.Errorf("a restored database is %s at %v", *db.DBInstanceStatus, db.Endpoint)
	}
	pass(t, 11*time.Minute)
	if db := database(t, f, east, "again"); *db.DBInstanceStatus != "available" {
		t.Errorf("eleven minutes later it is %s", *db.DBInstanceStatus)
	}
}

func TestCluster_isRestoredFromASnapshotThatIsThereAndTakesItsTime(t *testing.T) {
	f := start(t)
	c := databases(f, east)
	must[*rds.CreateDBClusterOutput](t)(c.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String("stock"), Engine: aws.String("aurora-mysql"), EngineVersion: aws.String("8.0.mysql_aurora.3.04.0"),
		MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("not-a-secret")}))
	status := func(name string) string {
		t.Helper()
		out := must[*rds.DescribeDBClustersOutput](t)(c.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: &name}))
		return *out.DBClusters[0].Status
	}
	if got := status("stock"); got != "creating" {
		t.Errorf("a new cluster is %s", got)
	}
	pass(t, time.Hour)
	must[*rds.CreateDBClusterSnapshotOutput](t)(c.CreateDBClusterSnapshot(t.Context(), &rds.CreateDBClusterSnapshotInput{
		DBClusterIdentifier: aws.String("stock"), DBClusterSnapshotIdentifier: aws.String("first")}))
	restore := func() error {
		_, err := c.RestoreDBClusterFromSnapshot(t.Context(), &rds.RestoreDBClusterFromSnapshotInput{
			DBClusterIdentifier: aws.String("again"), SnapshotIdentifier: aws.String("first"), Engine: aws.String("aurora-mysql")})
		return err
	}
	if err := restore(); refusal(err) != "InvalidDBClusterSnapshotStateFault" {
		t.Errorf("of a snapshot that is made: %v", err)
	}
	pass(t, 6*time.Minute)
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	if got := status("again"); got != "creating" {
		t.Errorf("a restored cluster is %s", got)
	}
	pass(t, 11*time.Minute)
	if got := status("again"); got != "available" {
		t.Errorf("eleven minutes later it is %s", got)
	}
}
