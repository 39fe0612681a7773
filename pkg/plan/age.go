package plan

import (
	"fmt"
	"math"
)

// PassEvery is how often each policy is looked at, whatever events say: what is
// due waits at most so long.
const PassEvery = 5 * minute

// What AWS grants to the copies of snapshots from one region to another: how many
// may be in flight to one destination, and the MiB/s of one and of all together.
// The speeds are the limits of time-based copies; best effort is granted nothing
// and is thought to get no more.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
// https://docs.aws.amazon.com/ebs/latest/userguide/time-based-copies.html
const (
	CopySlots    = 20
	CopySpeed    = 500
	CopyTogether = 2000
)

// CopySetup is what a copy takes before and after its data travels: practice, AWS
// gives no figure.
const CopySetup = minute

// What the next recovery point takes until it is usable, of an incremental
// snapshot and at the slow end of what AWS lets one expect. The copy's is for a
// policy that does not say how much it will have to copy.
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

// Transfer is what the copies of a policy carry when all its sources are due at
// once.
type Transfer struct {
	Sources int
	GiB     float64 // that travel, of all sources together
}

// Each is the copies of one interval, which carry what changed in it.
func (e Expect) Each() Transfer {
	return Transfer{Sources: e.Sources, GiB: float64(e.Sources) * float64(e.GiB) * e.Change / 100}
}

// Whole is the first copies, which carry everything.
func (e Expect) Whole() Transfer {
	return Transfer{Sources: e.Sources, GiB: float64(e.Sources) * float64(e.GiB)}
}

// Rounds is how often all slots fill.
func (t Transfer) Rounds() int { return (max(t.Sources, 1)-1)/CopySlots + 1 }

// speed is that of all copies in flight, in MiB/s.
func (t Transfer) speed() int { return min(CopyTogether, CopySpeed*max(min(t.Sources, CopySlots), 1)) }

// Time is how long the last of the copies takes to be complete, in whole minutes:
// each round's setup, and the data at the speed of all copies in flight.
func (t Transfer) Time() Duration {
	seconds := float64(t.Rounds())*CopySetup.D().Seconds() + t.GiB*1024/float64(t.speed())
	if seconds > longest.D().Seconds() {
		return longest
	}
	return (Duration(math.Ceil(seconds)) * second).up(minute)
}

func (t Transfer) String() string {
	rounds := "rounds"
	if t.Rounds() == 1 {
		rounds = "round"
	}
	return fmt.Sprintf("%d copies in %d %s of %d, %s each, and %s GiB at %d MiB/s",
		t.Sources, t.Rounds(), rounds, CopySlots, CopySetup, amount(t.GiB), t.speed())
}

// amount is a number with no more digits than anybody reads.
func amount(x float64) string {
	if x >= 10 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2g", x)
}

// CopyTime is how long the copies of one interval take together.
func (p Policy) CopyTime() Duration {
	if p.Expect == nil {
		return copyAllowance
	}
	return max(copyAllowance, p.Expect.Each().Time())
}

// Oldest is how old the newest usable recovery point gets while all goes well:
// just before the next one is usable. When the copies of one interval take longer
// than the interval, the points between are skipped, and a point comes each time
// that the copies before it are complete.
func (p Policy) Oldest() Duration {
	switch {
	case p.Bucket != nil:
		return bucketBehind
	case p.Table != nil:
		return tableBehind
	case p.Continuous():
		return backupsBehind
	}
	return max(p.Every, p.CopyTime()) + snapshotAllowance + p.CopyTime()
}

// HealthyAge is the oldest age that a healthy schedule shows: Oldest, and a point
// that waited for a pass to take it. An alarm that warns before the RPO breaks
// belongs above it.
func (p Policy) HealthyAge() Duration { return p.Oldest() + PassEvery }
