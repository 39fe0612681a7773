package orphans

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// The manual snapshots, a hundred a page at most: automated ones go with their
// backups.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
const (
	manual       = "manual"
	snapshotPage = 100
)

// databases adds the plan's snapshots of databases and of clusters in a region. RDS
// filters by no tag, but lists them.
func (w *world) databases(ctx context.Context, in rds.DescribeDBSnapshotsAPIClient, of rds.DescribeDBClusterSnapshotsAPIClient, region, plan string) error {
	var found []lineage.Point
	add := func(id, status *string, created *time.Time, gib *int32, list []types.Tag) {
		tags := map[string]string{}
		for _, tag := range list {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if tags[lineage.Plan] != plan {
			return
		}
		p := lineage.Point{ID: aws.ToString(id), Region: region, SizeGiB: int(aws.ToInt32(gib)), State: lineage.Complete,
			TakenAt: aws.ToTime(created), Started: aws.ToTime(created)}
		if aws.ToString(status) == "failed" {
			p.State = lineage.Failed
		}
		found = append(found, p.Tagged(tags))
	}
	instances := rds.NewDescribeDBSnapshotsPaginator(in, &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String(manual), MaxRecords: aws.Int32(snapshotPage)})
	for instances.HasMorePages() {
		answer, err := instances.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range answer.DBSnapshots {
			add(s.DBSnapshotIdentifier, s.Status, s.SnapshotCreateTime, s.AllocatedStorage, s.TagList)
		}
	}
	clusters := rds.NewDescribeDBClusterSnapshotsPaginator(of, &rds.DescribeDBClusterSnapshotsInput{SnapshotType: aws.String(manual), MaxRecords: aws.Int32(snapshotPage)})
	for clusters.HasMorePages() {
		answer, err := clusters.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range answer.DBClusterSnapshots {
			add(s.DBClusterSnapshotIdentifier, s.Status, s.SnapshotCreateTime, s.AllocatedStorage, s.TagList)
		}
	}
	w.others = append(w.others, found...)
	return nil
}
