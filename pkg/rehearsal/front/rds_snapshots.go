package front

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// rdsSnapshotParts are of snapshots of instances and of clusters: the same but for
// a word in the names of everything.
var rdsSnapshotParts = func() map[string]part {
	parts := map[string]part{}
	for _, word := range []string{"DB", "DBCluster"} {
		parts["rds.Create"+word+"Snapshot"] = part{before: refuseBackingUp, remember: rememberDatabaseSnapshot, rewrite: showDatabaseSnapshots}
		parts["rds.Copy"+word+"Snapshot"] = part{before: refuseDatabaseCopy, remember: rememberDatabaseCopy, rewrite: showDatabaseSnapshots}
		parts["rds.Delete"+word+"Snapshot"] = part{remember: forgetDatabaseSnapshot}
		parts["rds.Describe"+word+"Snapshots"] = part{rewrite: showDatabaseSnapshots}
	}
	return parts
}()

// databaseCopies is how many copies of database snapshots may be under way to one
// region: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
const databaseCopies = 20

// databaseOf is the instance or cluster that a call names.
func databaseOf(x *exchange) string {
	return cmp.Or(x.form.Get("DBInstanceIdentifier"), x.form.Get("DBClusterIdentifier"))
}

// refuseBackingUp refuses a second snapshot while one is taken of the database.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func refuseBackingUp(f *Front, ctx context.Context, x *exchange) *failure {
	id, code := databaseOf(x), "InvalidDBInstanceState"
	if x.who.Action == "CreateDBClusterSnapshot" {
		code = "InvalidDBClusterStateFault"
	} else if refusal := refuseBusy(f, ctx, x); refusal != nil {
		return refusal
	}
	for _, t := range f.pending.list(x.who.Region, databaseSnapshot, x.now) {
		if t.source == id && t.account == x.account {
			return fail(code, fmt.Sprintf("Database %s is not in available state: it is backing-up.", id))
		}
	}
	return nil
}

// sourceOf is the ARN of the snapshot that a call copies, and its region.
func sourceOf(x *exchange) (arn, region string) {
	arn = cmp.Or(x.form.Get("SourceDBSnapshotIdentifier"), x.form.Get("SourceDBClusterSnapshotIdentifier"))
	if parts := strings.Split(arn, ":"); len(parts) > 4 {
		return arn, parts[3]
	}
	return arn, x.who.Region
}

// refuseDatabaseCopy: the source must be available, and a slot free.
// The words are AWS's: https://github.com/pbudzon/aws-maintenance/issues/19
func refuseDatabaseCopy(f *Front, _ context.Context, x *exchange) *failure {
	arn, region := sourceOf(x)
	if _, unready := f.pending.unready(region, arn, x.now, databaseSnapshot, databaseCopy); unready {
		code := "InvalidDBSnapshotState"
		if x.who.Action == "CopyDBClusterSnapshot" {
			code = "InvalidDBClusterSnapshotStateFault"
		}
		return fail(code, fmt.Sprintf("Snapshot %s is not available.", arn))
	}
	if len(f.pending.list(x.who.Region, databaseCopy, x.now)) >= databaseCopies {
		return fail("SnapshotQuotaExceeded", fmt.Sprintf("Cannot copy more than %d snapshots across regions", databaseCopies))
	}
	return nil
}

func rememberDatabaseSnapshot(f *Front, _ context.Context, x *exchange, a *answer) {
	t := x.taking(databaseSnapshot, snapshotOf(a), f.durations.DatabaseSnapshot)
	t.source = databaseOf(x)
	f.pending.create(t)
}

func rememberDatabaseCopy(f *Front, _ context.Context, x *exchange, a *answer) {
	t := x.taking(databaseCopy, snapshotOf(a), f.durations.DatabaseCopy)
	t.source, t.sourceRegion = sourceOf(x)
	f.pending.create(t)
	if f.weather.isStruck(t.sourceRegion) {
		f.pending.stall(t.sourceRegion, x.now)
	}
}

func forgetDatabaseSnapshot(f *Front, _ context.Context, x *exchange, a *answer) {
	f.pending.forget(x.who.Region, snapshotOf(a), databaseSnapshot, databaseCopy)
}

// snapshotOf is the ARN in an answer about one snapshot.
func snapshotOf(a *answer) string {
	return cmp.Or(text(a.xml(), "//DBSnapshot/DBSnapshotArn"), text(a.xml(), "//DBClusterSnapshot/DBClusterSnapshotArn"))
}

func showDatabaseSnapshots(f *Front, x *exchange, a *answer) *failure {
	if f.pending.none(x.who.Region, x.now) {
		return nil
	}
	for tag, arn := range map[string]string{"DBSnapshot": "DBSnapshotArn", "DBClusterSnapshot": "DBClusterSnapshotArn"} {
		for _, s := range a.xml().FindElements("//" + tag) {
			t, unready := f.pending.unready(x.who.Region, text(s, arn), x.now, databaseSnapshot, databaseCopy)
			if !unready {
				continue
			}
			put(s, "Status", map[kind]string{databaseSnapshot: "creating", databaseCopy: "copying"}[t.kind])
			put(s, "PercentProgress", strconv.Itoa(t.progress(x.now)))
		}
	}
	return nil
}

// databaseNotice is the event that RDS sends of a snapshot that is there. Of a copy
// of a cluster's the user guide has no event of its own; it is told like a new one.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
func databaseNotice(t thing) notice {
	n := notice{Source: "aws.rds", DetailType: "RDS DB Snapshot Event", Resources: []string{t.id}, Time: float64(t.ready.UnixMilli()) / 1000}
	detail := map[string]any{
		"EventCategories": []string{"creation"}, "SourceType": "SNAPSHOT", "EventID": "RDS-EVENT-0042", "Message": "Manual snapshot created",
		"SourceArn": t.id, "SourceIdentifier": t.id[strings.LastIndex(t.id, ":")+1:], "Date": t.ready.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	switch {
	case strings.Contains(t.id, ":cluster-snapshot:"):
		n.DetailType = "RDS DB Cluster Snapshot Event"
		detail["EventCategories"], detail["SourceType"] = []string{"backup"}, "CLUSTER_SNAPSHOT"
		detail["EventID"], detail["Message"] = "RDS-EVENT-0075", "Manual cluster snapshot created"
	case t.kind == databaseCopy:
		detail["EventCategories"], detail["EventID"] = []string{"notification"}, "RDS-EVENT-0060"
		detail["Message"] = "Finished copy of snapshot " + t.source
	}
	encoded, _ := json.Marshal(detail) // strings only
	n.Detail = string(encoded)
	return n
}
