package promotedatabase

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check looks at what the step will act on, and at whether RDS would take its call:
// class, groups and quota.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.PromoteDatabase) ([]string, error) {
	c := &check{k: k, r: r, spec: spec}
	switch {
	case spec.Global != "":
		c.global(ctx)
	case spec.Policy != "":
		c.restored(ctx)
	default:
		c.replica(ctx)
	}
	if r.Drill != nil && spec.Global == "" {
		c.drilled(ctx)
	}
	return c.problems, c.err
}

// check gathers problems until something cannot be read.
type check struct {
	k        *Kind
	r        step.Run
	spec     plan.PromoteDatabase
	problems []string
	err      error
}

func (c *check) say(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// replica: it is there, it follows, and not too far behind.
func (c *check) replica(ctx context.Context) {
	name := c.spec.Replica
	db, err := c.k.find(ctx, name)
	if c.err = err; err != nil {
		return
	}
	if db == nil {
		c.say("there is no replica %s in %s: create it, or correct the plan's \"replica\"", name, c.k.region)
		return
	}
	if status := aws.ToString(db.DBInstanceStatus); !serves(status) {
		c.say("replica %s is %s: RDS promotes one that is available", name, status)
	}
	if !follows(db) {
		c.say("database %s is no replica any more: if it serves, the plan's posture should say so; else make it a replica again", name)
		return
	}
	if why := halted(db); why != "" {
		c.say("replica %s does not follow its source (%s): mend its replication", name, why)
	}
	c.lag(ctx, name)
	c.class(ctx, aws.ToString(db.Engine), aws.ToString(db.EngineVersion))
}

// lag: a replica is in no policy, so nobody but this check says how much a failover
// would lose. Green means: within the RPO, when it was looked at.
func (c *check) lag(ctx context.Context, name string) {
	now, err := c.k.lag(ctx, name, c.r.Now)
	switch c.err = err; {
	case err != nil:
	case now.at.IsZero():
		c.say("replica %s has sent no ReplicaLag in %s: nobody knows how far behind it is", name, plan.Duration(recent))
	case now.stopped:
		c.say("replica %s says that its replication has stopped (ReplicaLag -1): start it again", name)
	default:
		c.within("replica "+name, now)
	}
}

// within: a cluster of a global database is in no policy either.
func (c *check) within(what string, now lag) {
	if rpo := c.spec.RPO.D(); rpo > 0 && now.behind > rpo {
		c.say("%s is %s behind, more than the RPO of %s: a failover now would lose that much", what, plan.Duration(now.behind.Truncate(time.Second)), c.spec.RPO)
	}
}

func (c *check) global(ctx context.Context) {
	global, member, err := c.k.member(ctx, c.spec)
	if err != nil {
		c.problems, c.err = permanent(err)
		return
	}
	if aws.ToBool(member.IsWriter) {
		c.say("cluster %s is the writer of global database %s already: if it serves, the plan's posture should say so; else switch over to the other region's", c.spec.Cluster, c.spec.Global)
	}
	if doing := moving(global); doing != "" {
		c.say("global database %s: %s", c.spec.Global, doing)
	}
	cluster, err := c.k.cluster(ctx, c.spec.Cluster)
	switch {
	case err != nil:
		c.err = err
	case cluster == nil:
		c.say("there is no cluster %s in %s: correct the plan's \"cluster\"", c.spec.Cluster, c.k.region)
	case !serves(aws.ToString(cluster.Status)):
		c.say("cluster %s is %s: it cannot be failed over to", c.spec.Cluster, aws.ToString(cluster.Status))
	case len(cluster.DBClusterMembers) == 0:
		c.say("cluster %s has no instance, so it cannot be failed over to: add one", c.spec.Cluster)
	case !aws.ToBool(member.IsWriter):
		c.globalLag(ctx)
	}
}

func (c *check) globalLag(ctx context.Context) {
	now, err := c.k.globalLag(ctx, c.spec.Cluster, c.r.Now)
	switch c.err = err; {
	case err != nil:
	case now.at.IsZero():
		c.say("cluster %s has sent no %s in %s: nobody knows how far behind it is", c.spec.Cluster, lags[0], plan.Duration(recent))
	default:
		c.within("cluster "+c.spec.Cluster, now)
	}
}

// restored: there is a point, the name is free, and RDS would take the call.
func (c *check) restored(ctx context.Context) {
	w := wanted(step.Run{}, c.spec)
	engine, version := c.point(ctx)
	if c.err != nil {
		return
	}
	var there bool
	if w.cluster {
		cluster, err := c.k.cluster(ctx, w.name)
		there, c.err = cluster != nil, err
		if w.class == nil {
			c.say("a restored cluster needs an instance, and that a class: write \"class\" beside \"as: %s\"", c.spec.As)
		}
	} else {
		db, err := c.k.find(ctx, w.name)
		there, c.err = db != nil, err
	}
	if there {
		c.say("there is a database %s in %s already: delete it when nobody needs it, or write another \"as\"", w.name, c.k.region)
	}
	c.class(ctx, engine, version)
	c.groups(ctx, w)
	c.quota(ctx, w)
}

// point is the engine of a point that could be restored now.
func (c *check) point(ctx context.Context) (engine, version string) {
	of := c.spec.Database
	switch {
	case of == nil:
		c.say("policy %s protects no database: correct the plan's \"policy\"", c.spec.Policy)
		return "", ""
	case of.By == plan.Backups:
		found, err := c.k.windows(ctx, c.r.Primary, of)
		if c.err = err; err != nil || len(found) > 0 {
			for _, b := range found[:min(1, len(found))] {
				return aws.ToString(b.Engine), aws.ToString(b.EngineVersion)
			}
			return "", ""
		}
	case of.Cluster != "":
		for _, s := range c.clusterSnapshots(ctx) {
			if c.ours(s.TagList) && aws.ToString(s.Status) == available {
				return aws.ToString(s.Engine), aws.ToString(s.EngineVersion)
			}
		}
	default:
		for _, s := range c.snapshots(ctx) {
			if c.ours(s.TagList) && aws.ToString(s.Status) == available {
				return aws.ToString(s.Engine), aws.ToString(s.EngineVersion)
			}
		}
	}
	if c.err == nil {
		c.say("policy %s has nothing in %s to restore from: see what its protection says", c.spec.Policy, c.k.region)
	}
	return "", ""
}

func (c *check) ours(tags []types.Tag) bool {
	is := func(key, value string) bool {
		return slices.ContainsFunc(tags, func(tag types.Tag) bool { return aws.ToString(tag.Key) == key && aws.ToString(tag.Value) == value })
	}
	return is(lineage.Plan, c.r.Plan) && is(lineage.Policy, c.spec.Points)
}
