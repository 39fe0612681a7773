// Package locks keeps the copies of a policy from being deleted by anybody for a
// while: not by malware, not by who broke into the account, and not by Pilotlight.
//
// It guarantees that what is locked, and until when, is read from AWS, and that a
// lock that exists is never touched: neither made longer or shorter when the
// policy changes, nor lifted when the policy has a lock no more.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshot-lock.html
package locks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// API is every EC2 action that locking uses, in the region of the copies.
type API interface {
	DescribeLockedSnapshots(context.Context, *ec2.DescribeLockedSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeLockedSnapshotsOutput, error)
	LockSnapshot(context.Context, *ec2.LockSnapshotInput, ...func(*ec2.Options)) (*ec2.LockSnapshotOutput, error)
}

// Held is what AWS lets nobody delete, and until when, for retention's guard. A
// zero time: AWS does not say.
type Held map[string]time.Time

// Keep locks the usable copies at a site that are not locked yet, one call each, and
// answers what is held then, and how many wait for a later pass because AWS said
// "not now". It locks only where copies go to: those that the other direction left
// behind keep the locks that they have. Without a lock in the policy, or a copy, it
// makes no call and holds nothing.
//
// With a nil Held nothing is known, and no copy may be retired. An error beside a
// Held is that of copies that could not be locked.
func Keep(ctx context.Context, region API, pass protect.Pass, at protect.Site, copies []lineage.Point) (held Held, waiting int, err error) {
	held = Held{}
	if pass.Policy.Lock == nil || len(copies) == 0 {
		return held, 0, nil
	}
	known, err := list(ctx, region, held)
	if err != nil {
		return nil, 0, fmt.Errorf("list the locked snapshots in %s: %w", at.Region, err)
	}
	if at.Region != pass.To.Region {
		return held, 0, nil
	}
	bare := unlocked(copies, known, pass.Policy.Lock.For.D(), pass.Now)
	var failed []error
	for i, id := range bare {
		until, err := lock(ctx, region, id, pass.Policy.Lock)
		switch {
		case err == nil:
			held[id] = until
			slog.Info("copy locked", "plan", pass.Plan, "policy", pass.Policy.Name, "region", at.Region, "point", id, "until", until)
		case protect.Later(err):
			return held, len(bare) - i, errors.Join(failed...)
		case failure.Code(err) == "InvalidSnapshot.NotFound":
			// It was deleted since it was listed.
		default:
			failed = append(failed, fmt.Errorf("lock %s in %s: %w", id, at.Region, err))
		}
	}
	return held, 0, errors.Join(failed...)
}

// Read is what is held at a site: Keep without a lock, for who only looks.
func Read(ctx context.Context, region API, pass protect.Pass, copies []lineage.Point) (Held, error) {
	held := Held{}
	if pass.Policy.Lock == nil || len(copies) == 0 {
		return held, nil
	}
	_, err := list(ctx, region, held)
	return held, err
}

// list reads what AWS knows a lock of, and notes those that still hold. Locks that
// have expired are listed too: nobody wants them again.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLockedSnapshots.html
func list(ctx context.Context, region API, held Held) (known map[string]bool, err error) {
	known = map[string]bool{}
	in := &ec2.DescribeLockedSnapshotsInput{} // AWS documents no page size, and the SDK has no paginator
	for {
		page, err := region.DescribeLockedSnapshots(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Snapshots {
			id := aws.ToString(s.SnapshotId)
			known[id] = true
			if s.LockState != types.LockStateExpired {
				held[id] = aws.ToTime(s.LockExpiresOn)
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return known, nil
		}
		in.NextToken = page.NextToken
	}
}

// unlocked are the copies of usable sets that have no lock, and had none. A
// copy that is older than a lock would last is not locked any more, so that nothing
// is locked twice even if AWS forgets an expired lock; nor is one that retention
// lets go already, or a duplicate.
func unlocked(copies []lineage.Point, known map[string]bool, lasts time.Duration, now time.Time) []string {
	var ids []string
	for _, group := range lineage.Groups(copies) {
		if !group.Usable() {
			continue
		}
		for _, p := range group.Points {
			begun := p.Started
			if !p.Done.IsZero() {
				begun = p.Done
			}
			if !known[p.ID] && p.Retire.IsZero() && now.Before(begun.Add(lasts)) {
				ids = append(ids, p.ID)
			}
		}
	}
	return ids
}

// lock asks for no cooling-off period: in it, whoever may unlock could take the lock
// off just the newest copies, the ones that recovery needs. Who wants to try a lock
// first has governance mode for that. LockSnapshot counts in days, and so does a plan.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html
func lock(ctx context.Context, region API, id string, how *plan.Lock) (until time.Time, err error) {
	out, err := region.LockSnapshot(ctx, &ec2.LockSnapshotInput{
		SnapshotId:   aws.String(id),
		LockMode:     types.LockMode(how.Mode),
		LockDuration: aws.Int32(int32(how.For.D() / (24 * time.Hour))),
	})
	if err != nil {
		return time.Time{}, err
	}
	return aws.ToTime(out.LockExpiresOn), nil
}
