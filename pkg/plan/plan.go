// Package plan is the recovery plan as a team writes it: one YAML file that
// names what is protected, what a disaster looks like and what recovery does.
//
// It decodes, validates and explains; it compiles nothing and knows no AWS SDK.
// A Plan that Load returned without findings is complete: defaults are filled
// in, references resolve and every name is one that AWS accepts.
package plan

import "time"

// Strategy is one of the four of the AWS whitepaper "Disaster Recovery of
// Workloads on AWS".
type Strategy string

// The four strategies, from the slowest and cheapest to the fastest.
const (
	BackupRestore Strategy = "backup-restore"
	PilotLight    Strategy = "pilot-light"
	WarmStandby   Strategy = "warm-standby"
	MultiSite     Strategy = "multi-site"
)

// Plan is one recovery plan. The zero value is not a valid plan.
type Plan struct {
	Name     string   `json:"plan"`
	Strategy Strategy `json:"strategy"`
	Primary  string   `json:"primary"`  // AWS region that serves today, or OnPremises
	Recovery string   `json:"recovery"` // AWS region that takes over
	// Next is the region that copies go to while the recovery region serves;
	// empty: back to the primary region.
	Next string `json:"next,omitempty"`
	// Accounts are set when the recovery side is an account of its own. Everything
	// that Pilotlight deploys then lives there, but for a role in the primary one.
	Accounts *Accounts `json:"accounts,omitempty"`
	// Notify is the name of the SNS topic in the recovery region that hears of the
	// plan's own alarms: recovery points that grow old, and passes that fail. Empty:
	// nobody does.
	Notify     string     `json:"notify,omitempty"`
	Covers     *Selector  `json:"covers,omitempty"` // what carries these tags should be protected by some policy
	Objectives Objectives `json:"objectives"`
	Protect    []Policy   `json:"protect,omitempty"`
	Detect     Detect     `json:"detect"`
	Recover    []Step     `json:"recover"`
	// Failback brings users back to the primary region: steps in the other direction,
	// which act there. Empty: nothing is compiled for it.
	Failback []Step `json:"failback,omitempty"`
	// Repair puts data back in the primary region while it goes on serving: for data
	// that people or malware destroyed. Empty: nothing is compiled for it.
	Repair []Step `json:"repair,omitempty"`
	Drill  *Drill `json:"drill,omitempty"` // nil: the plan cannot be drilled
}

// OnPremises is a primary that is no AWS region: nothing of Pilotlight's is there,
// and no policy protects it.
const OnPremises = "on-premises"

// Objectives are the times the business agreed to. Both are required.
type Objectives struct {
	RTO Duration `json:"rto"` // longest outage
	RPO Duration `json:"rpo"` // oldest data to come back with
}

// Accounts are the AWS accounts of the two sides, twelve digits each.
type Accounts struct {
	Primary  string `json:"primary"`
	Recovery string `json:"recovery"`
}

// Policy protects one tier: exactly one of Volumes, Images, Snapshots, Database,
// Bucket and Table is set.
type Policy struct {
	Name    string    `json:"name"`
	Volumes *Selector `json:"volumes,omitempty"` // EBS volumes, one set an instance
	Images  *Selector `json:"images,omitempty"`  // one AMI for the whole selection, not one a server
	// Snapshots are EBS snapshots that another tool takes, such as AWS Backup,
	// DLM or Storage Gateway: they are copied and counted, and never deleted.
	Snapshots *Selector `json:"snapshots,omitempty"`
	Database  *Database `json:"database,omitempty"`
	Bucket    *Bucket   `json:"bucket,omitempty"`
	Table     *Table    `json:"table,omitempty"`
	Every     Duration  `json:"every"` // interval between recovery points; of what is copied without a pause, zero in the file
	RPO       Duration  `json:"rpo"`   // zero in the file means the plan's
	Keep      Keep      `json:"keep"`
	Key       string    `json:"key,omitempty"` // KMS key (alias, id or ARN) of the recovery region; empty: the region's default key of the service
	Point     *Point    `json:"point,omitempty"`
	Lock      *Lock     `json:"lock,omitempty"`
	Expect    *Expect   `json:"expect,omitempty"`
}

// Database is an RDS instance or an Aurora cluster: exactly one of the two names.
type Database struct {
	Instance string `json:"instance,omitempty"` // DB instance identifier
	Cluster  string `json:"cluster,omitempty"`  // DB cluster identifier
	Replica  string `json:"replica,omitempty"`  // its identifier once the recovery region serves; empty: the same
	By       By     `json:"by"`
	// Of the recovery region, for a database that does not use the engine's default
	// ones: RDS copies neither group.
	OptionGroup    string `json:"option-group,omitempty"`
	ParameterGroup string `json:"parameter-group,omitempty"`
}

// By is the way in which a database's recovery points reach the recovery region.
type By string

// Backups are RDS's automated backups, which it replicates itself: the default of
// an instance. Snapshots are taken and copied: the only way of a cluster.
const (
	Backups   By = "backups"
	Snapshots By = "snapshots"
)

// DefaultBackups is how long replicated backups are kept whose policy does not
// say: RDS's own default for a database made in the console.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html
const DefaultBackups = Duration(7 * 24 * time.Hour)

// Bucket is an S3 bucket and the one in the recovery region that it replicates to.
type Bucket struct {
	Name    string `json:"name"`
	Replica string `json:"replica"`
}

// Table is a DynamoDB table with a replica in the recovery region.
type Table struct {
	Name string `json:"name"`
}

// Lock keeps copies from being deleted by anybody for a while (EBS snapshot lock).
type Lock struct {
	Mode LockMode `json:"mode"`
	For  Duration `json:"for"`
}

// LockMode says who may end a lock early.
type LockMode string

// Governance: who has the permission. Compliance: nobody.
const (
	Governance LockMode = "governance"
	Compliance LockMode = "compliance"
)

// Expect is how much a policy will have to copy, for the arithmetic of check.
type Expect struct {
	Sources int     `json:"sources"` // volumes, or images
	GiB     int     `json:"gib"`     // of each
	Change  float64 `json:"change"`  // per cent that changes in an interval
}

// Selector chooses resources by tag; all tags must match. Never empty.
type Selector struct {
	Tags map[string]string `json:"tags"`
}

// Keep is a grandfather-father-son retention: the newest point of each of the
// last N hours, days, weeks, months and years. All zero keeps the newest alone.
type Keep struct {
	Hourly  int `json:"hourly,omitempty"`
	Daily   int `json:"daily,omitempty"`
	Weekly  int `json:"weekly,omitempty"`
	Monthly int `json:"monthly,omitempty"`
	Yearly  int `json:"yearly,omitempty"`
	// Last is how many of the newest are kept beside, Within how old one may be to
	// be kept beside, whatever the tiers say.
	Last   int      `json:"last,omitempty"`
	Within Duration `json:"within,omitzero"`
}

// Point names what must point at the newest usable image in the recovery region.
type Point struct {
	LaunchTemplate string `json:"launch-template,omitempty"`
	Parameter      string `json:"parameter,omitempty"` // SSM parameter that holds the image id
}
