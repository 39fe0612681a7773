package keys

import "github.com/pilotlight/pilotlight/pkg/plan"

// service is who uses the keys of a policy's copies, in the name of the role that
// begins them.
type service struct {
	name   string
	thing  string // what a line of points is one of
	things string // what is encrypted with the source key
	region bool   // a region may encrypt by default what nobody asks to encrypt
	// encrypts: every copy is encrypted, also of what is not. RDS encrypts neither
	// the copy of a plain cluster snapshot nor the backups of a plain instance.
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
	encrypts bool
	// grows: a copy under the key of the one before it has only what changed. Of
	// Aurora every copy is a full one.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html
	grows bool
}

// serviceOf is who makes the copies of a policy. With no key named, EBS takes the
// region's default, and RDS its own: an AWS managed key, which needs no check.
func serviceOf(p plan.Policy) service {
	keyed := p.Key != ""
	switch {
	case p.Database != nil && (p.Database.Cluster != "" || p.Database.By != plan.Snapshots):
		return service{name: "RDS", thing: "database", things: "databases"}
	case p.Database != nil:
		return service{name: "RDS", thing: "database", things: "databases", encrypts: keyed, grows: true}
	}
	ebs := service{name: "EBS", thing: "volume", things: "volumes", region: true, encrypts: keyed, grows: true}
	if p.Images != nil {
		ebs.thing = "image"
	}
	return ebs
}
