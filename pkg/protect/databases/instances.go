package databases

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// instances are the DB instances of a region and their snapshots.
type instances struct {
	api    api
	region string
}

func (instances) noun() string { return "DB instance" }

func (i instances) databases(ctx context.Context) ([]database, error) {
	var all []database
	pages := rds.NewDescribeDBInstancesPaginator(i.api, &rds.DescribeDBInstancesInput{MaxRecords: aws.Int32(perPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.DBInstances {
			all = append(all, instanceOf(d))
		}
	}
	return all, nil
}

func instanceOf(d types.DBInstance) database {
	db := database{
		name: aws.ToString(d.DBInstanceIdentifier), arn: aws.ToString(d.DBInstanceArn), resource: aws.ToString(d.DbiResourceId),
		engine: aws.ToString(d.Engine), version: aws.ToString(d.EngineVersion),
		gib: int(aws.ToInt32(d.AllocatedStorage)), days: int(aws.ToInt32(d.BackupRetentionPeriod)),
		encrypted: aws.ToBool(d.StorageEncrypted), key: aws.ToString(d.KmsKeyId), tags: tagMap(d.TagList),
	}
	if len(d.OptionGroupMemberships) > 0 {
		db.options = aws.ToString(d.OptionGroupMemberships[0].OptionGroupName)
	}
	if len(d.DBParameterGroups) > 0 {
		db.parameters = aws.ToString(d.DBParameterGroups[0].DBParameterGroupName)
	}
	return db
}

func (i instances) snapshots(ctx context.Context) ([]snapshot, error) {
	var all []snapshot
	pages := rds.NewDescribeDBSnapshotsPaginator(i.api, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String(manual), MaxRecords: aws.Int32(perPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.DBSnapshots {
			all = append(all, instanceSnapshot(s))
		}
	}
	return all, nil
}

// instanceSnapshot: the ARN of its source is there only in the case of a copy
// from another account or region.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSnapshot.html
func instanceSnapshot(s types.DBSnapshot) snapshot {
	return snapshot{
		id: aws.ToString(s.DBSnapshotIdentifier), arn: aws.ToString(s.DBSnapshotArn), status: aws.ToString(s.Status),
		created: aws.ToTime(s.SnapshotCreateTime), crossed: aws.ToString(s.SourceDBSnapshotIdentifier) != "",
		engine: aws.ToString(s.Engine), version: aws.ToString(s.EngineVersion), options: aws.ToString(s.OptionGroupName),
		encrypted: aws.ToBool(s.Encrypted), key: aws.ToString(s.KmsKeyId), gib: int(aws.ToInt32(s.AllocatedStorage)), tags: tagMap(s.TagList),
	}
}

func (i instances) take(ctx context.Context, database, id string, tags map[string]string) (snapshot, error) {
	out, err := i.api.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String(database), DBSnapshotIdentifier: aws.String(id), Tags: tagList(tags),
	})
	if err != nil {
		return snapshot{}, err
	}
	return instanceSnapshot(*out.DBSnapshot), nil
}

// copy names the source's region, so that the SDK signs the request that the
// destination sends there.
func (i instances) copy(ctx context.Context, c copying) (snapshot, error) {
	out, err := i.api.CopyDBSnapshot(ctx, &rds.CopyDBSnapshotInput{
		SourceDBSnapshotIdentifier: aws.String(c.source), SourceRegion: aws.String(c.region), TargetDBSnapshotIdentifier: aws.String(c.id),
		KmsKeyId: optional(c.key), OptionGroupName: optional(c.options), Tags: tagList(c.tags),
	})
	if err != nil {
		return snapshot{}, err
	}
	return instanceSnapshot(*out.DBSnapshot), nil
}

func (i instances) share(ctx context.Context, id, account string) error {
	_, err := i.api.ModifyDBSnapshotAttribute(ctx, &rds.ModifyDBSnapshotAttributeInput{
		DBSnapshotIdentifier: aws.String(id), AttributeName: aws.String(restore), ValuesToAdd: []string{account},
	})
	return err
}

func (i instances) remove(ctx context.Context, id string) error {
	_, err := i.api.DeleteDBSnapshot(ctx, &rds.DeleteDBSnapshotInput{DBSnapshotIdentifier: aws.String(id)})
	return err
}

func (i instances) parameterGroup(ctx context.Context, name string) (group, error) {
	out, err := i.api.DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{DBParameterGroupName: aws.String(name)})
	if err != nil || len(out.DBParameterGroups) == 0 {
		return group{}, err
	}
	return group{name: name, family: aws.ToString(out.DBParameterGroups[0].DBParameterGroupFamily)}, nil
}

// restore is the attribute that lists who may copy and restore a snapshot.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSnapshotAttribute.html
const restore = "restore"

// optional is nil for an empty text: RDS takes an empty one for a name.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return aws.String(text)
}
