package remains

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// carries filters by the drill's tag, whatever it says.
var carries = []types.Filter{{Name: aws.String("tag-key"), Values: []string{lineage.Drill}}}

// instances that are not gone: one that is terminated stays in sight for an hour.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
func (l look) instances(ctx context.Context, tell found) error {
	pages := ec2.NewDescribeInstancesPaginator(l.ec2, &ec2.DescribeInstancesInput{Filters: carries})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list instances: %w", err)
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				if i.State == nil || i.State.Name != types.InstanceStateNameTerminated {
					tell("instance/"+aws.ToString(i.InstanceId), pairs(i.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value }))
				}
			}
		}
	}
	return nil
}

func (l look) volumes(ctx context.Context, tell found) error {
	pages := ec2.NewDescribeVolumesPaginator(l.ec2, &ec2.DescribeVolumesInput{Filters: carries})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list volumes: %w", err)
		}
		for _, v := range page.Volumes {
			tell("volume/"+aws.ToString(v.VolumeId), pairs(v.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value }))
		}
	}
	return nil
}

func (l look) databases(ctx context.Context, tell found) error {
	pages := rds.NewDescribeDBInstancesPaginator(l.rds, &rds.DescribeDBInstancesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list databases: %w", err)
		}
		for _, db := range page.DBInstances {
			tell(aws.ToString(db.DBInstanceArn), pairs(db.TagList, func(t rdstypes.Tag) (*string, *string) { return t.Key, t.Value }))
		}
	}
	return nil
}

func (l look) clusters(ctx context.Context, tell found) error {
	pages := rds.NewDescribeDBClustersPaginator(l.rds, &rds.DescribeDBClustersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list database clusters: %w", err)
		}
		for _, db := range page.DBClusters {
			tell(aws.ToString(db.DBClusterArn), pairs(db.TagList, func(t rdstypes.Tag) (*string, *string) { return t.Key, t.Value }))
		}
	}
	return nil
}

func (l look) scaling(ctx context.Context, tell found) error {
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(l.groups, &autoscaling.DescribeAutoScalingGroupsInput{
		Filters: []astypes.Filter{{Name: aws.String("tag-key"), Values: []string{lineage.Drill}}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list Auto Scaling groups: %w", err)
		}
		for _, g := range page.AutoScalingGroups {
			tell(aws.ToString(g.AutoScalingGroupARN), pairs(g.Tags, func(t astypes.TagDescription) (*string, *string) { return t.Key, t.Value }))
		}
	}
	return nil
}

// others are what the tagging API knows beside those: stacks, parameters, target
// groups, network interfaces and whatever else a step may come to make.
func (l look) others(ctx context.Context, tell found) error {
	pages := tagging.NewGetResourcesPaginator(l.tagged, &tagging.GetResourcesInput{
		TagFilters: []taggingtypes.TagFilter{{Key: aws.String(lineage.Drill)}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list tagged resources: %w", err)
		}
		for _, r := range page.ResourceTagMappingList {
			if arn := aws.ToString(r.ResourceARN); !asked(arn) {
				tell(arn, pairs(r.Tags, func(t taggingtypes.Tag) (*string, *string) { return t.Key, t.Value }))
			}
		}
	}
	return nil
}

// asked says whether the thing's own service was asked.
func asked(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return false
	}
	service, resource := parts[2], parts[5]
	switch service {
	case "ec2":
		return strings.HasPrefix(resource, "instance/") || strings.HasPrefix(resource, "volume/")
	case "rds":
		return strings.HasPrefix(resource, "db:") || strings.HasPrefix(resource, "cluster:")
	}
	return service == "autoscaling"
}

func pairs[Tag any](tags []Tag, of func(Tag) (key, value *string)) map[string]string {
	all := map[string]string{}
	for _, tag := range tags {
		key, value := of(tag)
		all[aws.ToString(key)] = aws.ToString(value)
	}
	return all
}
