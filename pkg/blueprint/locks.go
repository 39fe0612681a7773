package blueprint

import (
	"strconv"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// locks allows the lock of the plan's own copies, for no longer than the plan says:
// a lock in compliance mode cannot be taken back, so a fault must not make one for a
// hundred years. Nothing may unlock.
// https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lock-iam.html
func locks(p *plan.Plan, region string) []Grant {
	var longest plan.Duration
	for _, policy := range p.Protect {
		if policy.Lock != nil {
			longest = max(longest, policy.Lock.For)
		}
	}
	if longest == 0 {
		return nil
	}
	return []Grant{
		see(region, "ec2:DescribeLockedSnapshots"),
		{Actions: []string{"ec2:LockSnapshot"}, Resources: owned(region, []string{"snapshot/*"}), Regions: []string{region},
			Condition: map[string]map[string]string{
				"StringEquals":          {"aws:ResourceTag/" + lineage.Plan: p.Name},
				"NumericLessThanEquals": {"ec2:SnapshotLockDuration": strconv.Itoa(int(longest.D() / (24 * time.Hour)))},
			}},
	}
}
