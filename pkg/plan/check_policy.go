package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (f *file) checkPolicies(p *Plan) {
	named := map[string]string{}
	owned := map[string]string{} // what one policy alone may protect or point
	for i, policy := range p.Protect {
		path := fmt.Sprintf("protect[%d]", i)
		if policy.Name != "" {
			f.unique(named, policy.Name, path, path+".name", "a name of its own")
		}
		f.checkTarget(path, policy)
		f.checkKey(path, policy, p.Recovery)
		f.checkAccounts(path, policy, p.Accounts)
		f.checkSize(path, policy, "fewer tags, or shorter ones")
		if only := policy.only(); only != "" {
			f.unique(owned, only, path, path+"."+string(policy.target()), "one policy for it")
		}
		if pt := policy.Point; pt != nil {
			if pt.LaunchTemplate != "" {
				f.unique(owned, "launch template "+pt.LaunchTemplate, path, path+".point.launch-template", "one policy a launch template")
			}
			if pt.Parameter != "" {
				f.unique(owned, "parameter "+pt.Parameter, path, path+".point.parameter", "one policy a parameter")
			}
		}
	}
}

// has says whether the file has a field, right or wrong.
func (f *file) has(path string) bool { return f.at[path] != nil }

func (f *file) checkTarget(path string, p Policy) {
	var said []target
	for _, t := range targets {
		if f.has(path + "." + string(t)) {
			said = append(said, t)
		}
	}
	switch {
	case f.at[path].Kind != yaml.MappingNode:
	case len(said) == 0:
		f.wrong(path, "does not say what it protects", "volumes or another of the six: "+examples["volumes"])
	case len(said) > 1:
		f.wrong(path+"."+string(said[1]), fmt.Sprintf("one policy cannot protect %s and %s", said[0].noun(), said[1].noun()), "two policies")
		if !p.Continuous() {
			f.checkInterval(path, p)
		}
	default:
		f.checkFields(path, said[0])
		if said[0] != database || p.Database != nil && f.checkDatabase(path, p) {
			f.checkEvery(path, p)
		}
		if p.Bucket != nil && p.Bucket.Name != "" && p.Bucket.Name == p.Bucket.Replica {
			f.wrong(path+".bucket.replica", "is the bucket itself", "the bucket in the recovery region that it replicates to")
		}
	}
	if p.Point != nil && !f.has(path+".point.launch-template") && !f.has(path+".point.parameter") {
		f.wrong(path+".point", "points nothing at the image", "launch-template, parameter or both")
	}
}

// checkFields refuses what has no effect.
func (f *file) checkFields(path string, t target) {
	for _, field := range fields {
		if f.has(path+"."+field.name) && !slices.Contains(field.of, t) {
			problem := field.problem
			if strings.Contains(problem, "%s") {
				problem = fmt.Sprintf(problem, t.noun())
			}
			f.wrong(path+"."+field.name, problem, field.instead)
		}
	}
}

// checkEvery holds the interval against the way in which points come to be.
func (f *file) checkEvery(path string, p Policy) {
	switch at := path + ".every"; {
	case p.Continuous() && f.has(at):
		f.wrong(at, "has no effect: AWS copies this without a pause", "nothing: leave the field out")
	case !p.Continuous() && !f.has(at):
		f.wrong(at, "is missing", "every: "+examples["every"])
	default:
		f.checkInterval(path, p)
	}
}

// checkDatabase says whether it is one database and a way that RDS has for it.
// Replication of automated backups is of DB instances: neither the API nor the
// engines' list has Aurora, and Multi-AZ DB clusters are excepted by name.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.RDS_Fea_Regions_DB-eng.Feature.CrossRegionAutomatedBackups.html
func (f *file) checkDatabase(path string, p Policy) bool {
	at, d := path+".database", p.Database
	instance, cluster := f.has(at+".instance"), f.has(at+".cluster")
	switch {
	case !instance && !cluster:
		f.wrong(at, "names no database", "instance: orders, or cluster: orders")
		return false
	case instance && cluster:
		f.wrong(at+".cluster", "one policy cannot protect an instance and a cluster", "two policies")
		return false
	case cluster && d.By == Backups:
		f.wrong(at+".by", "RDS replicates the automated backups of instances alone, not of clusters", "by: snapshots, and every: "+examples["every"]+" beside database")
		return false
	case d.By != Backups && d.By != Snapshots: // which is reported
		return false
	}
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
	if cluster && f.has(at+".option-group") {
		f.wrong(at+".option-group", "has no effect: the option group of a cluster is always the default one", "nothing: leave the field out")
	}
	if d.By == Backups {
		f.checkBackups(path, p.Keep)
	}
	return true
}

// checkAccounts refuses what AWS does within one account alone.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
func (f *file) checkAccounts(path string, p Policy, accounts *Accounts) {
	if accounts != nil && p.Database != nil && p.Database.Instance != "" && p.Database.By == Backups {
		f.wrong(path+".database", "RDS replicates automated backups within one account alone, and the recovery side is another one", "by: snapshots in it, and every: "+examples["every"]+" beside it")
	}
}

// backupDays is how long RDS may keep automated backups.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html
const backupDays = 35

// checkBackups holds keep against what RDS does with replicated backups: any
// moment of the last so many days can be restored.
func (f *file) checkBackups(path string, k Keep) {
	at := path + ".keep"
	for _, tier := range []string{"hourly", "daily", "weekly", "monthly", "yearly", "last"} {
		if f.has(at + "." + tier) {
			f.wrong(at+"."+tier, "has no effect: RDS keeps replicated backups for a number of days, and any moment in them can be restored", "within: 7d, or database.by: snapshots")
		}
	}
	switch {
	case k.Within == 0:
	case k.Within%day != 0:
		f.wrong(at+".within", fmt.Sprintf("%s is not a whole number of days, in which RDS counts", k.Within), inDays(min(k.Within.up(day), backupDays*day)))
	case k.Within > backupDays*day:
		f.wrong(at+".within", fmt.Sprintf("%s is more than the %dd that RDS keeps backups", inDays(k.Within), backupDays), "35d or less, or database.by: snapshots")
	}
}

// maxTemplate is the length of an EventBridge input template, which carries a
// policy to its function; the plan's name, regions and accounts take at most
// envelope of it.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
const (
	maxTemplate = 8192
	envelope    = 512
)

// checkSize refuses what would not fit into an event's input.
func (f *file) checkSize(path string, part any, instead string) {
	text, err := json.Marshal(part)
	if most := maxTemplate - envelope; err == nil && len(text) > most {
		f.wrong(path, fmt.Sprintf("is %d characters long as JSON, and an EventBridge input has room for %d", len(text), most), instead)
	}
}

// checkKey refuses a key that copies in the recovery region could not use.
func (f *file) checkKey(path string, p Policy, recovery string) {
	parts := strings.SplitN(p.Key, ":", 6) // arn:aws:kms:us-west-2:123456789012:key/…
	if len(parts) == 6 && recovery != "" && parts[3] != recovery {
		f.wrong(path+".key", fmt.Sprintf("is a key of %s, and copies are encrypted in %s", parts[3], recovery), "a key of "+recovery)
	}
}
