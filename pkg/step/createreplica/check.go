package createreplica

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Check says whether RDS would take the call. The source is often not there before
// a failover has made it, so a source that is absent is no problem yet.
func (k *Kind) Check(ctx context.Context, r step.Run, spec plan.CreateReplica) ([]string, error) {
	at := k.seats(r, spec)
	source, err := find(ctx, at.source, spec.Source)
	if err != nil {
		return nil, err
	}
	replica, err := find(ctx, at.replica, spec.Replica)
	if err != nil {
		return nil, err
	}
	var problems []string
	if source != nil {
		if why := at.unfit(source, spec); why != "" && aws.ToString(source.ReadReplicaSourceDBInstanceIdentifier) == "" {
			problems = append(problems, why)
		}
		unoffered, err := at.unoffered(ctx, source, spec)
		if err != nil {
			return nil, err
		}
		problems = append(problems, unoffered...)
	}
	if replica != nil && !at.follows(replica, spec.Source) {
		problems = append(problems, at.other(spec).Error())
	}
	absent, err := at.absent(ctx, spec)
	if err != nil {
		return nil, err
	}
	problems = append(problems, absent...)
	if replica == nil {
		full, err := at.full(ctx)
		if err != nil {
			return nil, err
		}
		problems = append(problems, full...)
	}
	return problems, nil
}

// unoffered: the region has the class for the source's engine.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
func (s seats) unoffered(ctx context.Context, source *types.DBInstance, spec plan.CreateReplica) ([]string, error) {
	class := cmp.Or(spec.Class, aws.ToString(source.DBInstanceClass))
	pages := rds.NewDescribeOrderableDBInstanceOptionsPaginator(s.replica, &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: source.Engine, EngineVersion: source.EngineVersion, DBInstanceClass: aws.String(class),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("ask for class %s: %w", class, err)
		}
		if slices.ContainsFunc(page.OrderableDBInstanceOptions, func(o types.OrderableDBInstanceOption) bool { return aws.ToString(o.DBInstanceClass) == class }) {
			return nil, nil
		}
	}
	return []string{fmt.Sprintf("%s does not offer %s for %s %s: write another \"class\"", s.to, class, aws.ToString(source.Engine), aws.ToString(source.EngineVersion))}, nil
}

// absent: the groups that the call names are there.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameterGroups.html
func (s seats) absent(ctx context.Context, spec plan.CreateReplica) (problems []string, err error) {
	missing := func(what, name string, found int, err error) error {
		switch code := failure.Code(err); {
		case code == "DBSubnetGroupNotFoundFault", code == "DBParameterGroupNotFound", err == nil && found == 0:
			problems = append(problems, fmt.Sprintf("there is no %s %s in %s: create it, or correct the plan", what, name, s.to))
		case err != nil:
			return fmt.Errorf("look at %s %s: %w", what, name, err)
		}
		return nil
	}
	if name := spec.SubnetGroup; name != "" {
		out, err := s.replica.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: aws.String(name)})
		if err := missing("subnet group", name, len(cmp.Or(out, &rds.DescribeDBSubnetGroupsOutput{}).DBSubnetGroups), err); err != nil {
			return nil, err
		}
	}
	if name := spec.ParameterGroup; name != "" {
		out, err := s.replica.DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{DBParameterGroupName: aws.String(name)})
		if err := missing("parameter group", name, len(cmp.Or(out, &rds.DescribeDBParameterGroupsOutput{}).DBParameterGroups), err); err != nil {
			return nil, err
		}
	}
	return problems, nil
}

// full: there is room for one more instance.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
func (s seats) full(ctx context.Context) ([]string, error) {
	out, err := s.replica.DescribeAccountAttributes(ctx, &rds.DescribeAccountAttributesInput{})
	if err != nil {
		return nil, fmt.Errorf("ask for the quota of instances: %w", err)
	}
	for _, q := range out.AccountQuotas {
		if used, most := aws.ToInt64(q.Used), aws.ToInt64(q.Max); aws.ToString(q.AccountQuotaName) == "DBInstances" && used >= most {
			return []string{fmt.Sprintf("%s holds %d of at most %d database instances: have the quota raised", s.to, used, most)}, nil
		}
	}
	return nil, nil
}
