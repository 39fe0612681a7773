package front

import (
	"context"
	"fmt"
)

// rememberDeletion: moto has lost the instance, AWS shows it as deleting for a while.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
func rememberDeletion(f *Front, _ context.Context, x *exchange, a *answer) {
	db := a.xml().FindElement("//DBInstance")
	if db == nil {
		return
	}
	id := text(db, "DBInstanceIdentifier")
	f.pending.forget(x.who.Region, id, creating, promoting, modifying)
	t := x.taking(deleting, id, f.durations.DatabaseDelete)
	t.last = db.Copy()
	put(t.last, "DBInstanceStatus", status(t))
	f.pending.begin(t)
}

// refuseDeleting: the name of an instance is free once it is gone.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
func refuseDeleting(f *Front, _ context.Context, x *exchange) *failure {
	for _, parameter := range []string{"DBInstanceIdentifier", "TargetDBInstanceIdentifier"} {
		if id := x.form.Get(parameter); id != "" {
			if _, still := f.pending.unready(x.who.Region, id, x.now, deleting); still {
				return fail("DBInstanceAlreadyExists", fmt.Sprintf("DB instance %s already exists.", id))
			}
		}
	}
	return nil
}

// askForAll: of one instance that is being deleted, moto would say that there is none.
func askForAll(f *Front, _ context.Context, x *exchange) *failure {
	id := x.form.Get("DBInstanceIdentifier")
	if _, still := f.pending.unready(x.who.Region, id, x.now, deleting); still {
		x.wanted, x.edited = id, true
		x.form.Del("DBInstanceIdentifier")
	}
	return nil
}

// showAllDatabases adds those that are being deleted, or shows the one alone.
func showAllDatabases(f *Front, x *exchange, a *answer) *failure {
	list := a.xml().FindElement("//DBInstances")
	if list == nil {
		return showDatabases(f, x, a)
	}
	for _, db := range list.SelectElements("DBInstance") {
		if x.wanted != "" {
			list.RemoveChild(db)
		}
	}
	for _, t := range f.pending.list(x.who.Region, deleting, x.now) {
		asked := x.wanted == t.id || x.wanted == "" && x.form.Get("DBInstanceIdentifier") == "" && x.form.Get("Marker") == ""
		if asked && t.account == x.account {
			list.AddChild(t.last.Copy())
		}
	}
	return showDatabases(f, x, a)
}
