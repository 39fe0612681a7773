package front

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/beevik/etree"
)

// databaseLooks is what a database shows until a change of it is done.
type databaseLooks struct {
	source  string // of a replica
	class   string
	multiAZ string
}

var rdsParts = map[string]part{
	"rds.CreateDBInstance":                {before: refuseDeleting, remember: rememberDatabase, rewrite: showDatabases},
	"rds.CreateDBInstanceReadReplica":     {before: refuseDeleting, remember: rememberDatabase, rewrite: showDatabases},
	"rds.RestoreDBInstanceFromDBSnapshot": {before: refuseUnmade, remember: rememberDatabase, rewrite: showDatabases},
	"rds.RestoreDBInstanceToPointInTime":  {before: refuseDeleting, remember: rememberDatabase, rewrite: showDatabases},
	"rds.PromoteReadReplica":              {before: refuseBusy, remember: rememberPromotion, rewrite: showDatabases},
	"rds.ModifyDBInstance":                {before: refuseBusy, remember: rememberChange, rewrite: showDatabases},
	"rds.RebootDBInstance":                {before: refuseBusy},
	"rds.DeleteDBInstance":                {before: refuseBusy, remember: rememberDeletion},
	"rds.DescribeDBInstances":             {before: askForAll, rewrite: showAllDatabases},
}

// refuseBusy refuses to touch a database that something is being done to, and
// notes what it looks like before.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
func refuseBusy(f *Front, ctx context.Context, x *exchange) *failure {
	id := x.form.Get("DBInstanceIdentifier")
	if t, busy := f.pending.unready(x.who.Region, id, x.now, deleting, creating, promoting, modifying); busy {
		return fail("InvalidDBInstanceState", fmt.Sprintf("Database instance %s is not in available state: it is %s.", id, status(t)))
	}
	root, err := f.upstream.ask(ctx, x.place(), "rds", url.Values{
		"Action": {"DescribeDBInstances"}, "Version": {"2014-10-31"}, "DBInstanceIdentifier": {id},
	})
	if err != nil {
		return nil // moto says in AWS's words what is wrong with the call
	}
	if db := root.FindElement("//DBInstance"); db != nil {
		x.old = databaseLooks{source: text(db, "ReadReplicaSourceDBInstanceIdentifier"),
			class: text(db, "DBInstanceClass"), multiAZ: text(db, "MultiAZ")}
	}
	return nil
}

func rememberDatabase(f *Front, _ context.Context, x *exchange, a *answer) {
	id := text(a.xml(), "//DBInstance/DBInstanceIdentifier")
	f.origins.note(x, id)
	f.pending.begin(x.taking(creating, id, f.durations.DatabaseCreate))
}

func rememberPromotion(f *Front, _ context.Context, x *exchange, _ *answer) {
	t := x.taking(promoting, x.form.Get("DBInstanceIdentifier"), f.durations.Promotion)
	t.old = x.old
	f.pending.begin(t)
}

// rememberChange notes a change of class or Multi-AZ that is to be made now. Any
// other is done in moto's moment, or waits for the maintenance window.
func rememberChange(f *Front, _ context.Context, x *exchange, _ *answer) {
	changed := func(parameter, old string) bool {
		wanted := x.form.Get(parameter)
		return wanted != "" && !strings.EqualFold(wanted, old)
	}
	if x.form.Get("ApplyImmediately") != "true" || !changed("DBInstanceClass", x.old.class) && !changed("MultiAZ", x.old.multiAZ) {
		return
	}
	t := x.taking(modifying, x.form.Get("DBInstanceIdentifier"), f.durations.DatabaseChange)
	t.old = x.old
	f.pending.begin(t)
}

// status is what an instance shows. A promotion shows "modifying", then "rebooting":
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
func status(t thing) string {
	switch t.kind {
	case creating:
		return "creating"
	case deleting:
		return "deleting"
	}
	return "modifying"
}

func showDatabases(f *Front, x *exchange, a *answer) *failure {
	if f.pending.none(x.who.Region, x.now) {
		return nil
	}
	for _, db := range a.xml().FindElements("//DBInstance") {
		id := text(db, "DBInstanceIdentifier")
		if t, busy := f.pending.unready(x.who.Region, id, x.now, creating, promoting, modifying); busy {
			showDatabase(db, t)
		}
	}
	return nil
}

// showDatabase makes one instance look as it did before what is being done to it.
func showDatabase(db *etree.Element, t thing) {
	put(db, "DBInstanceStatus", status(t))
	switch t.kind {
	case creating: // the endpoint is known when the instance is
		if endpoint := db.SelectElement("Endpoint"); endpoint != nil {
			db.RemoveChild(endpoint)
		}
	case promoting:
		if t.old.source != "" {
			put(db, "ReadReplicaSourceDBInstanceIdentifier", t.old.source)
		}
	case modifying:
		wanted := db.SelectElement("PendingModifiedValues")
		if wanted == nil {
			wanted = db.CreateElement("PendingModifiedValues")
		}
		for tag, old := range map[string]string{"DBInstanceClass": t.old.class, "MultiAZ": t.old.multiAZ} {
			if now := text(db, tag); old != "" && now != old {
				put(wanted, tag, now)
				put(db, tag, old)
			}
		}
	}
}
