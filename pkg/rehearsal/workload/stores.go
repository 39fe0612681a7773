package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
)

// gateway is a volume whose snapshots another tool takes.
func (s *site) gateway(ctx context.Context, policy plan.Policy) error {
	volume, err := s.ec2.CreateVolume(ctx, &ec2.CreateVolumeInput{
		AvailabilityZone: aws.String(s.zones[0]), Size: aws.Int32(dataVolumeSize), VolumeType: types.VolumeTypeGp3,
	})
	if err != nil {
		return err
	}
	_, err = s.ec2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
		VolumeId: volume.VolumeId, Description: aws.String("taken by another tool"),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: tagList(policy.Snapshots.Tags)}},
	})
	return err
}

// database is one that no step promotes; those that a step promotes are made with
// their replicas.
func (s *site) database(ctx context.Context, named plan.Database) error {
	client := rds.NewFromConfig(s.cloud.Upstream(s.region))
	if named.Cluster != "" {
		_, err := client.CreateDBCluster(ctx, &rds.CreateDBClusterInput{
			DBClusterIdentifier: aws.String(named.Cluster), Engine: aws.String("aurora-postgresql"),
			MasterUsername: aws.String("shop"), MasterUserPassword: aws.String("made-up-password"),
		})
		return err
	}
	found, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	if err != nil {
		return err
	}
	for _, database := range found.DBInstances {
		if aws.ToString(database.DBInstanceIdentifier) == named.Instance {
			return nil
		}
	}
	_, err = client.CreateDBInstance(ctx, newDatabase(named.Instance))
	return err
}

func newDatabase(name string) *rds.CreateDBInstanceInput {
	return &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(name), DBInstanceClass: aws.String("db.r6g.large"), Engine: aws.String("postgres"),
		AllocatedStorage: aws.Int32(100), MasterUsername: aws.String("shop"), MasterUserPassword: aws.String("made-up-password"),
		BackupRetentionPeriod: aws.Int32(7), Tags: []rdstypes.Tag{{Key: aws.String("owner"), Value: aws.String("the team")}},
	}
}

// rule is the name of the replication rule of every bucket.
const rule = "everything"

// buckets are a bucket at home and the one that it is replicated to, as a team
// would have set them up; S3 says every minute how far behind the rule is.
func buckets(ctx context.Context, c *cloud.Cloud, p *plan.Plan, named plan.Bucket) error {
	for bucket, region := range map[string]string{named.Name: p.Primary, named.Replica: p.Recovery} {
		in := &s3.CreateBucketInput{Bucket: aws.String(bucket)}
		if region != "us-east-1" {
			in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
		}
		client := objects(c, region)
		if _, err := client.CreateBucket(ctx, in); err != nil {
			return fmt.Errorf("bucket %s: %w", bucket, err)
		}
		_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: aws.String(bucket), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
		})
		if err != nil {
			return fmt.Errorf("bucket %s: %w", bucket, err)
		}
	}
	_, err := objects(c, p.Primary).PutBucketReplication(ctx, &s3.PutBucketReplicationInput{
		Bucket: aws.String(named.Name),
		ReplicationConfiguration: &s3types.ReplicationConfiguration{
			Role: aws.String("arn:aws:iam::" + c.AccountOf(p.Primary) + ":role/replicate"),
			Rules: []s3types.ReplicationRule{{
				ID: aws.String(rule), Status: s3types.ReplicationRuleStatusEnabled, Priority: aws.Int32(1),
				Filter:                  &s3types.ReplicationRuleFilter{Prefix: aws.String("")},
				DeleteMarkerReplication: &s3types.DeleteMarkerReplication{Status: s3types.DeleteMarkerReplicationStatusEnabled},
				Destination: &s3types.Destination{
					Bucket:  aws.String("arn:aws:s3:::" + named.Replica),
					Metrics: &s3types.Metrics{Status: s3types.MetricsStatusEnabled},
				},
			}},
		},
	})
	if err != nil {
		return fmt.Errorf("replication of bucket %s: %w", named.Name, err)
	}
	c.Every(time.Minute, p.Primary, func(ctx context.Context, now time.Time) error { return publishLag(ctx, c, p, named, now) })
	return nil
}

func objects(c *cloud.Cloud, region string) *s3.Client {
	return s3.NewFromConfig(c.Upstream(region), func(o *s3.Options) { o.UsePathStyle = true })
}

// publishLag is what S3 does by itself: it publishes in the destination's region
// how far behind a rule is, here always a few seconds.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
func publishLag(ctx context.Context, c *cloud.Cloud, p *plan.Plan, named plan.Bucket, now time.Time) error {
	var data []cwtypes.MetricDatum
	for name, value := range map[string]float64{"ReplicationLatency": 5, "OperationsPendingReplication": 0, "BytesPendingReplication": 0} {
		data = append(data, cwtypes.MetricDatum{
			MetricName: aws.String(name), Value: aws.Float64(value), Timestamp: aws.Time(now),
			Dimensions: []cwtypes.Dimension{
				{Name: aws.String("SourceBucket"), Value: aws.String(named.Name)},
				{Name: aws.String("DestinationBucket"), Value: aws.String(named.Replica)},
				{Name: aws.String("RuleId"), Value: aws.String(rule)},
			},
		})
	}
	_, err := cloudwatch.NewFromConfig(c.As("s3", p.Recovery)).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("AWS/S3"), MetricData: data,
	})
	return err
}

// table is a global table with a replica in the recovery region, and point-in-time
// recovery on both sides.
func table(ctx context.Context, c *cloud.Cloud, p *plan.Plan, name string) error {
	if p.Accounts != nil {
		return fmt.Errorf("table %s: the simulated AWS has no global tables across accounts", name)
	}
	home := dynamodb.NewFromConfig(c.Upstream(p.Primary))
	_, err := home.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: ddbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: ddbtypes.ScalarAttributeTypeS}},
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: ddbtypes.KeyTypeHash}},
		StreamSpecification:  &ddbtypes.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: ddbtypes.StreamViewTypeNewAndOldImages},
	})
	if err != nil {
		return fmt.Errorf("table %s: %w", name, err)
	}
	_, err = home.UpdateTable(ctx, &dynamodb.UpdateTableInput{
		TableName:      aws.String(name),
		ReplicaUpdates: []ddbtypes.ReplicationGroupUpdate{{Create: &ddbtypes.CreateReplicationGroupMemberAction{RegionName: aws.String(p.Recovery)}}},
	})
	if err != nil {
		return fmt.Errorf("replica of table %s: %w", name, err)
	}
	for _, region := range []string{p.Primary, p.Recovery} {
		_, err := dynamodb.NewFromConfig(c.Upstream(region)).UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        aws.String(name),
			PointInTimeRecoverySpecification: &ddbtypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
		if err != nil {
			return fmt.Errorf("backups of table %s in %s: %w", name, region, err)
		}
	}
	return nil
}
