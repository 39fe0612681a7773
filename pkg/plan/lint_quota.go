package plan

import (
	"fmt"
	"strings"
)

// maxSnapshots is how many manual snapshots of DB instances, and as many of
// clusters, an account may have in a region unless the quota was raised.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
const maxSnapshots = 100

// Grace is how long a recovery point lives on that retention has marked.
const Grace = day

// lintQuota warns of policies that together keep more snapshots than RDS allows:
// each side keeps its own of them, so that both regions would be full, and nothing
// new is taken or copied there.
func (f *file) lintQuota(p *Plan) {
	for _, kind := range []struct {
		noun string
		of   func(Database) string
	}{
		{"DB instances", func(d Database) string { return d.Instance }},
		{"DB clusters", func(d Database) string { return d.Cluster }},
	} {
		total, most, largest := 0, 0, ""
		var sums []string
		for i, policy := range p.Protect {
			if d := policy.Database; d == nil || d.By != Snapshots || kind.of(*d) == "" {
				continue
			}
			count, sum := policy.snapshots()
			total += count
			sums = append(sums, fmt.Sprintf("%s %s = %d", policy.Name, sum, count))
			if count > most {
				most, largest = count, fmt.Sprintf("protect[%d]", i)
			}
		}
		if total > maxSnapshots {
			f.warn(largest, fmt.Sprintf("the plan's policies keep up to %d manual snapshots of %s in each region, and RDS allows %d unless the quota was raised: then nothing new is taken or copied (%s)",
				total, kind.noun, maxSnapshots, strings.Join(sums, "; ")), "a longer every or a smaller keep, or have the quota raised in both regions")
		}
	}
}

// snapshots are the most that a policy has in one region at a time, and how they
// add up: what keep says, of which one snapshot may serve several tiers, and what is
// marked for deletion and lives on for a day, which is as much as a day brings.
func (p Policy) snapshots() (count int, sum string) {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			count += n
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	k := p.Keep
	add(k.Hourly, "hourly")
	add(k.Daily, "daily")
	add(k.Weekly, "weekly")
	add(k.Monthly, "monthly")
	add(k.Yearly, "yearly")
	within := 0
	if k.Within > 0 {
		within = int((k.Within + p.Every - 1) / p.Every)
	}
	switch {
	case within > k.Last: // the newest, both of them
		add(within, fmt.Sprintf("within %s", k.Within))
	default:
		add(max(k.Last, 1), "newest")
	}
	add(int((Grace+p.Every-1)/p.Every), fmt.Sprintf("marked (one every %s, for %s)", p.Every, Grace))
	return count, strings.Join(parts, " + ")
}
