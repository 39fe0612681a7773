package promotedatabase

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// permanent is an error of this package as a problem, and any other as itself.
func permanent(err error) ([]string, error) {
	if failure.ClassOf(err) == failure.Permanent && failure.Code(err) == "" {
		return []string{err.Error()}, nil
	}
	return nil, err
}

// class: the region offers it for the engine, in several zones when it has to be.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
func (c *check) class(ctx context.Context, engine, version string) {
	if c.err != nil || c.spec.Class == "" || engine == "" {
		return
	}
	in := &rds.DescribeOrderableDBInstanceOptionsInput{Engine: aws.String(engine), EngineVersion: optional(version), DBInstanceClass: aws.String(c.spec.Class)}
	offered, zones := false, false
	pages := rds.NewDescribeOrderableDBInstanceOptionsPaginator(c.k.rds, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			c.err = fmt.Errorf("ask for class %s: %w", c.spec.Class, err)
			return
		}
		for _, o := range page.OrderableDBInstanceOptions {
			if aws.ToString(o.DBInstanceClass) == c.spec.Class {
				offered, zones = true, zones || aws.ToBool(o.MultiAZCapable)
			}
		}
	}
	switch {
	case !offered:
		c.say("%s does not offer %s for %s %s: write another \"class\"", c.k.region, c.spec.Class, engine, version)
	case c.spec.MultiAZ && !zones && c.spec.Global == "":
		c.say("%s does not offer %s in several zones for %s %s: write another \"class\", or leave \"multi-az\" out", c.k.region, c.spec.Class, engine, version)
	}
}

// groups that the call will name are there.
func (c *check) groups(ctx context.Context, w wish) {
	c.named("subnet group", w.subnets, func() (int, error) {
		out, err := c.k.rds.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: w.subnets})
		if err != nil {
			return 0, err
		}
		return len(out.DBSubnetGroups), nil
	})
	c.named("parameter group", w.parameters, func() (int, error) {
		if w.cluster {
			out, err := c.k.rds.DescribeDBClusterParameterGroups(ctx, &rds.DescribeDBClusterParameterGroupsInput{DBClusterParameterGroupName: w.parameters})
			if err != nil {
				return 0, err
			}
			return len(out.DBClusterParameterGroups), nil
		}
		out, err := c.k.rds.DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{DBParameterGroupName: w.parameters})
		if err != nil {
			return 0, err
		}
		return len(out.DBParameterGroups), nil
	})
	c.named("option group", w.options, func() (int, error) {
		out, err := c.k.rds.DescribeOptionGroups(ctx, &rds.DescribeOptionGroupsInput{OptionGroupName: w.options})
		if err != nil {
			return 0, err
		}
		return len(out.OptionGroupsList), nil
	})
}

// absent are the codes with which RDS says that a group is not there: of a cluster's
// parameter group the same one as of an instance's.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusterParameterGroups.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOptionGroups.html
var absent = map[string]bool{
	"DBSubnetGroupNotFoundFault": true,
	"DBParameterGroupNotFound":   true,
	"OptionGroupNotFoundFault":   true,
}

func (c *check) named(what string, name *string, look func() (found int, err error)) {
	if name == nil || c.err != nil {
		return
	}
	switch found, err := look(); {
	case absent[failure.Code(err)], err == nil && found == 0:
		c.say("there is no %s %s in %s: create it, or correct the plan", what, *name, c.k.region)
	case err != nil:
		c.err = fmt.Errorf("look at %s %s: %w", what, *name, err)
	}
}

// quota: there is room for the instances.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
func (c *check) quota(ctx context.Context, w wish) {
	if c.err != nil {
		return
	}
	out, err := c.k.rds.DescribeAccountAttributes(ctx, &rds.DescribeAccountAttributesInput{})
	if err != nil {
		c.err = fmt.Errorf("ask for the quota of instances: %w", err)
		return
	}
	needs := 1
	if w.cluster {
		needs = len(w.instances())
	}
	for _, q := range out.AccountQuotas {
		if aws.ToString(q.AccountQuotaName) == "DBInstances" && aws.ToInt64(q.Used)+int64(needs) > aws.ToInt64(q.Max) {
			c.say("%s holds %d of at most %d database instances: %d more do not fit; have the quota raised", c.k.region, aws.ToInt64(q.Used), aws.ToInt64(q.Max), needs)
		}
	}
}

// drilled: a drill's copy would be apart from production.
func (c *check) drilled(ctx context.Context) {
	if why := exposed(c.r.Drill); why != "" {
		c.say("%s", why)
		return
	}
	w := wish{subnets: optional(c.r.Drill.SubnetGroup)}
	c.groups(ctx, w)
	if c.spec.Replica != "" {
		c.quota(ctx, w)
	}
}

func (c *check) snapshots(ctx context.Context) (all []types.DBSnapshot) {
	pages := rds.NewDescribeDBSnapshotsPaginator(c.k.rds, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String("manual")})
	for c.err == nil && pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if c.err = err; err == nil {
			all = append(all, page.DBSnapshots...)
		}
	}
	return all
}

func (c *check) clusterSnapshots(ctx context.Context) (all []types.DBClusterSnapshot) {
	pages := rds.NewDescribeDBClusterSnapshotsPaginator(c.k.rds, &rds.DescribeDBClusterSnapshotsInput{SnapshotType: aws.String("manual")})
	for c.err == nil && pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if c.err = err; err == nil {
			all = append(all, page.DBClusterSnapshots...)
		}
	}
	return all
}
