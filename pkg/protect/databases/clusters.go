package databases

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// clusters are the Aurora clusters of a region and their snapshots.
type clusters struct {
	api    api
	region string
}

func (clusters) noun() string { return "DB cluster" }

func (c clusters) databases(ctx context.Context) ([]database, error) {
	var all []database
	pages := rds.NewDescribeDBClustersPaginator(c.api, &rds.DescribeDBClustersInput{MaxRecords: aws.Int32(perPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.DBClusters {
			all = append(all, database{
				name: aws.ToString(d.DBClusterIdentifier), arn: aws.ToString(d.DBClusterArn), resource: aws.ToString(d.DbClusterResourceId),
				engine: aws.ToString(d.Engine), version: aws.ToString(d.EngineVersion),
				gib: int(aws.ToInt32(d.AllocatedStorage)), days: int(aws.ToInt32(d.BackupRetentionPeriod)),
				encrypted: aws.ToBool(d.StorageEncrypted), parameters: aws.ToString(d.DBClusterParameterGroup), tags: tagMap(d.TagList),
			})
		}
	}
	return all, nil
}

func (c clusters) snapshots(ctx context.Context) ([]snapshot, error) {
	var all []snapshot
	pages := rds.NewDescribeDBClusterSnapshotsPaginator(c.api, &rds.DescribeDBClusterSnapshotsInput{SnapshotType: aws.String(manual), MaxRecords: aws.Int32(perPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.DBClusterSnapshots {
			all = append(all, c.snapshot(s))
		}
	}
	return all, nil
}

// snapshot: any copy names its source, also one that was made in the same region.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBClusterSnapshot.html
func (c clusters) snapshot(s types.DBClusterSnapshot) snapshot {
	source := aws.ToString(s.SourceDBClusterSnapshotArn)
	return snapshot{
		id: aws.ToString(s.DBClusterSnapshotIdentifier), arn: aws.ToString(s.DBClusterSnapshotArn), status: aws.ToString(s.Status),
		created: aws.ToTime(s.SnapshotCreateTime), crossed: source != "" && !strings.Contains(source, ":"+c.region+":"),
		engine: aws.ToString(s.Engine), version: aws.ToString(s.EngineVersion),
		encrypted: aws.ToBool(s.StorageEncrypted), key: aws.ToString(s.KmsKeyId), gib: int(aws.ToInt32(s.AllocatedStorage)), tags: tagMap(s.TagList),
	}
}

func (c clusters) take(ctx context.Context, database, id string, tags map[string]string) (snapshot, error) {
	out, err := c.api.CreateDBClusterSnapshot(ctx, &rds.CreateDBClusterSnapshotInput{
		DBClusterIdentifier: aws.String(database), DBClusterSnapshotIdentifier: aws.String(id), Tags: tagList(tags),
	})
	if err != nil {
		return snapshot{}, err
	}
	return c.snapshot(*out.DBClusterSnapshot), nil
}

func (c clusters) copy(ctx context.Context, from copying) (snapshot, error) {
	out, err := c.api.CopyDBClusterSnapshot(ctx, &rds.CopyDBClusterSnapshotInput{
		SourceDBClusterSnapshotIdentifier: aws.String(from.source), SourceRegion: aws.String(from.region), TargetDBClusterSnapshotIdentifier: aws.String(from.id),
		KmsKeyId: optional(from.key), Tags: tagList(from.tags),
	})
	if err != nil {
		return snapshot{}, err
	}
	return c.snapshot(*out.DBClusterSnapshot), nil
}

func (c clusters) share(ctx context.Context, id, account string) error {
	_, err := c.api.ModifyDBClusterSnapshotAttribute(ctx, &rds.ModifyDBClusterSnapshotAttributeInput{
		DBClusterSnapshotIdentifier: aws.String(id), AttributeName: aws.String(restore), ValuesToAdd: []string{account},
	})
	return err
}

func (c clusters) remove(ctx context.Context, id string) error {
	_, err := c.api.DeleteDBClusterSnapshot(ctx, &rds.DeleteDBClusterSnapshotInput{DBClusterSnapshotIdentifier: aws.String(id)})
	return err
}

func (c clusters) parameterGroup(ctx context.Context, name string) (group, error) {
	out, err := c.api.DescribeDBClusterParameterGroups(ctx, &rds.DescribeDBClusterParameterGroupsInput{DBClusterParameterGroupName: aws.String(name)})
	if err != nil || len(out.DBClusterParameterGroups) == 0 {
		return group{}, err
	}
	return group{name: name, family: aws.ToString(out.DBClusterParameterGroups[0].DBParameterGroupFamily)}, nil
}
