package front

import (
	"context"
	"fmt"
	"strings"
)

var rdsClusterParts = map[string]part{
	"rds.CreateDBCluster":              {remember: rememberCluster, rewrite: showClusters},
	"rds.RestoreDBClusterFromSnapshot": {before: refuseUnmade, remember: rememberCluster, rewrite: showClusters},
	"rds.DeleteDBCluster":              {remember: forgetCluster},
	"rds.DescribeDBClusters":           {rewrite: showClusters},
}

// refuseUnmade refuses to restore from a snapshot that is not there yet.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
func refuseUnmade(f *Front, ctx context.Context, x *exchange) *failure {
	wanted, code, resource := x.form.Get("DBSnapshotIdentifier"), "InvalidDBSnapshotState", ":snapshot:"
	if wanted == "" {
		wanted, code, resource = x.form.Get("SnapshotIdentifier"), "InvalidDBClusterSnapshotStateFault", ":cluster-snapshot:"
	}
	for _, k := range []kind{databaseSnapshot, databaseCopy} {
		for _, t := range f.pending.list(x.who.Region, k, x.now) {
			if t.account == x.account && (t.id == wanted || strings.HasSuffix(t.id, resource+wanted)) {
				return fail(code, fmt.Sprintf("Snapshot %s is not available.", wanted))
			}
		}
	}
	return refuseDeleting(f, ctx, x)
}

func rememberCluster(f *Front, _ context.Context, x *exchange, a *answer) {
	f.pending.begin(x.taking(creatingCluster, text(a.xml(), "//DBCluster/DBClusterArn"), f.durations.DatabaseCreate))
}

func forgetCluster(f *Front, _ context.Context, x *exchange, a *answer) {
	f.pending.forget(x.who.Region, text(a.xml(), "//DBCluster/DBClusterArn"), creatingCluster)
}

func showClusters(f *Front, x *exchange, a *answer) *failure {
	if f.pending.none(x.who.Region, x.now) {
		return nil
	}
	for _, cluster := range a.xml().FindElements("//DBCluster") {
		if _, busy := f.pending.unready(x.who.Region, text(cluster, "DBClusterArn"), x.now, creatingCluster); busy {
			put(cluster, "Status", "creating")
		}
	}
	return nil
}
