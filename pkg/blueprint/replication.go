package blueprint

import (
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// replicationGrants let watch-replication read what the plan names, on both
// sides, since either may serve. None of them changes anything.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
func replicationGrants(p *plan.Plan) []Grant {
	var buckets, tables []string
	for _, policy := range p.Protect {
		if policy.Bucket != nil {
			buckets = append(buckets, policy.Bucket.Name, policy.Bucket.Replica)
		}
		if policy.Table != nil {
			tables = append(tables, policy.Table.Name)
		}
	}
	var grants []Grant
	for _, region := range sides(p) {
		grants = append(grants, Grant{
			Actions: []string{"cloudwatch:GetMetricData", "cloudwatch:ListMetrics"}, Resources: []string{"*"}, Regions: []string{region},
			Because: "CloudWatch's reading of metrics has no resource level",
		})
		if len(buckets) > 0 {
			grants = append(grants, Grant{
				Actions:   []string{"s3:GetBucketVersioning", "s3:GetEncryptionConfiguration", "s3:GetReplicationConfiguration"},
				Resources: bucketARNs(buckets), Regions: []string{region},
			})
		}
		if len(tables) > 0 {
			grants = append(grants, Grant{
				Actions:   []string{"dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable"},
				Resources: tableARNs(region, tables), Regions: []string{region},
			})
		}
	}
	return grants
}

// bucketARNs: a bucket's has neither region nor account.
func bucketARNs(names []string) []string {
	arns := make([]string, len(names))
	for i, name := range names {
		arns[i] = "arn:${Partition}:s3:::" + name
	}
	return arns
}

func tableARNs(region string, names []string) []string {
	arns := make([]string, len(names))
	for i, name := range names {
		arns[i] = regional("dynamodb", region, "table/"+name)
	}
	return arns
}
