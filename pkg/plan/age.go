package plan

// PassEvery is how often each policy is looked at, whatever events say: what is
// due waits at most so long.
const PassEvery = 5 * minute

// How old a recovery point may be before the next one replaces it: the interval,
// and the time until the next point's copy is complete. Both allowances are the
// slow end of what AWS lets one expect of an incremental snapshot; a first, full
// copy takes longer, and no arithmetic on a plan knows how long.
const (
	snapshotAllowance = 15 * minute
	copyAllowance     = 5 * minute
)

// How far what AWS copies without a pause may be behind. A DynamoDB replica
// follows within seconds; its metric is looked at each pass.
const (
	// https://docs.aws.amazon.com/prescriptive-guidance/latest/dr-standard-edition-amazon-rds/rds-pitr-snapshot.html
	backupsBehind = 30 * minute
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html
	bucketBehind = 15 * minute
	tableBehind  = PassEvery
)

// Oldest is how old the newest usable recovery point gets while all goes well:
// just before the next one is usable.
func (p Policy) Oldest() Duration {
	switch {
	case p.Bucket != nil:
		return bucketBehind
	case p.Table != nil:
		return tableBehind
	case p.Continuous():
		return backupsBehind
	}
	return p.Every + snapshotAllowance + copyAllowance
}

// HealthyAge is the oldest age that a healthy schedule shows: Oldest, and a point
// that waited for a pass to take it. An alarm that warns before the RPO breaks
// belongs above it.
func (p Policy) HealthyAge() Duration { return p.Oldest() + PassEvery }
