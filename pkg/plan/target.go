package plan

import "fmt"

// target is the field of a policy that says what it protects. Exactly one is set.
type target string

const (
	volumes   target = "volumes"
	images    target = "images"
	snapshots target = "snapshots"
	database  target = "database"
	bucket    target = "bucket"
	table     target = "table"
)

var targets = []target{volumes, images, snapshots, database, bucket, table}

// noun is the target in a sentence.
func (t target) noun() string {
	if t == database || t == bucket || t == table {
		return "a " + string(t)
	}
	return string(t)
}

// target is what the policy protects; empty when that could not be read.
func (p Policy) target() target {
	switch {
	case p.Volumes != nil:
		return volumes
	case p.Images != nil:
		return images
	case p.Snapshots != nil:
		return snapshots
	case p.Database != nil:
		return database
	case p.Bucket != nil:
		return bucket
	case p.Table != nil:
		return table
	}
	return ""
}

// only names the one thing that the policy protects; empty when that is whatever
// has some tags. A database may have backups for any moment, and snapshots beside
// them for longer.
func (p Policy) only() string {
	switch {
	case p.Database != nil && p.Database.Instance != "":
		return fmt.Sprintf("instance %s by %s", p.Database.Instance, p.Database.By)
	case p.Database != nil && p.Database.Cluster != "":
		return "cluster " + p.Database.Cluster
	case p.Bucket != nil && p.Bucket.Name != "":
		return "bucket " + p.Bucket.Name
	case p.Table != nil && p.Table.Name != "":
		return "table " + p.Table.Name
	}
	return ""
}

// fields are those of a policy that mean nothing for some targets. Such a field
// is refused, because whoever wrote it believes that it does something.
var fields = []struct {
	name             string
	of               []target
	problem, instead string // %s is the target's noun
}{
	{"keep", []target{volumes, images, snapshots, database},
		"keeps nothing of %s: its replica follows the source, and how far back you can go is set up there, with versions or point-in-time recovery", "nothing: leave the field out"},
	{"key", []target{volumes, images, snapshots, database},
		"encrypts nothing of %s: its replica has the key that you gave it", "nothing: leave the field out"},
	{"point", []target{images}, "nothing can point at %s", "point in a policy of images alone"},
	{"lock", []target{volumes, snapshots},
		"locks nothing of %s: only EBS snapshots that are recovery points of their own are locked", "lock in a policy of volumes or snapshots alone"},
	{"expect", []target{volumes, images, snapshots},
		"says nothing of %s: how long its copies take does not follow from it", "expect in a policy of volumes, images or snapshots alone"},
}

// Continuous says whether AWS itself copies what the policy protects, without a
// pause, so that no pass takes a point. Every is then how often one looks.
func (p Policy) Continuous() bool {
	return p.Bucket != nil || p.Table != nil || p.Database != nil && p.Database.By == Backups
}
