package coverage

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// api, databases and tags are every action that a look takes. They read.
type (
	api interface {
		DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
		DescribeVolumes(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)
		DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
	}
	databases interface {
		DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	}
	tags interface {
		GetResources(context.Context, *tagging.GetResourcesInput, ...func(*tagging.Options)) (*tagging.GetResourcesOutput, error)
	}
)

// The most that AWS gives in one answer.
const (
	serversPage   = 1000
	disksPage     = 500
	snapshotsPage = 1000
	databasesPage = 100
	taggedPage    = 100
)

// Find looks at the side that serves, which is a Pass's From, and judges. Covers
// and policies are the plan's. It calls, and needs to be granted in every region
// that may serve: ec2:DescribeInstances, ec2:DescribeVolumes,
// ec2:DescribeSnapshots, rds:DescribeDBInstances, tag:GetResources. It makes no
// call but the pages of these, and none that neither covers nor a policy needs.
//
// An error means that this side could not be read: the findings of before stand.
// It waits as long as ctx lets it, so give it a deadline in case the region hangs.
func Find(ctx context.Context, cfg aws.Config, from protect.Site, covers *plan.Selector, policies []plan.Policy) ([]Finding, error) {
	there := access.At(cfg, from)
	l := look{ec2: ec2.NewFromConfig(there), rds: rds.NewFromConfig(there), tags: tagging.NewFromConfig(there), world: World{Region: from.Region, Adopted: map[string][]string{}}}
	covering := covers != nil && len(covers.Tags) > 0
	volumes := slices.ContainsFunc(policies, func(p plan.Policy) bool { return p.Volumes != nil })
	images := slices.ContainsFunc(policies, func(p plan.Policy) bool { return p.Images != nil })
	var looks []func(context.Context) error
	if covering || images {
		looks = append(looks, l.servers)
	}
	if covering || volumes {
		looks = append(looks, l.disks)
	}
	for _, p := range policies {
		if p.Snapshots != nil {
			looks = append(looks, func(ctx context.Context) error { return l.adopted(ctx, p) })
		}
	}
	if covering {
		looks = append(looks, func(ctx context.Context) error { return l.named(ctx, covers.Tags) })
	}
	for _, look := range looks {
		if err := look(ctx); err != nil {
			return nil, fmt.Errorf("look in %s for what no policy protects: %w", from.Region, err)
		}
	}
	return Judge(covers, policies, l.world), nil
}

type look struct {
	ec2   api
	rds   databases
	tags  tags
	world World
}

// servers are listed whole, and not by tag: any policy's tags may be theirs. EC2
// and not the tagging API is asked, which goes on naming what is terminated.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (l *look) servers(ctx context.Context) error {
	pages := ec2.NewDescribeInstancesPaginator(l.ec2, &ec2.DescribeInstancesInput{
		Filters:    []types.Filter{tagged.Filter("instance-state-name", "pending", "running", "stopping", "stopped")},
		MaxResults: aws.Int32(serversPage),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list instances: %w", err)
		}
		for _, reservation := range page.Reservations {
			for _, instance := range reservation.Instances {
				running := instance.State != nil && instance.State.Name == types.InstanceStateNameRunning
				l.world.Servers = append(l.world.Servers, Server{aws.ToString(instance.InstanceId), tagged.Of(instance.Tags), running})
			}
		}
	}
	return nil
}

func (l *look) disks(ctx context.Context) error {
	pages := ec2.NewDescribeVolumesPaginator(l.ec2, &ec2.DescribeVolumesInput{
		Filters:    []types.Filter{tagged.Filter("status", string(types.VolumeStateInUse), string(types.VolumeStateAvailable))},
		MaxResults: aws.Int32(disksPage),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list volumes: %w", err)
		}
		for _, volume := range page.Volumes {
			disk := Disk{ID: aws.ToString(volume.VolumeId), Tags: tagged.Of(volume.Tags)}
			if len(volume.Attachments) > 0 {
				disk.Server = aws.ToString(volume.Attachments[0].InstanceId)
			}
			l.world.Disks = append(l.world.Disks, disk)
		}
	}
	return nil
}

// adopted lists the snapshots that a policy adopts from another tool.
func (l *look) adopted(ctx context.Context, p plan.Policy) error {
	pages := ec2.NewDescribeSnapshotsPaginator(l.ec2, &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"}, Filters: tagged.Filters(p.Snapshots.Tags), MaxResults: aws.Int32(snapshotsPage),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the snapshots of policy %s: %w", p.Name, err)
		}
		for _, snapshot := range page.Snapshots {
			l.world.Adopted[p.Name] = append(l.world.Adopted[p.Name], aws.ToString(snapshot.VolumeId))
		}
	}
	return nil
}

// named lists the databases, buckets and tables that carry the covered tags. The
// tagging API knows those of all services in one listing, where S3 and DynamoDB
// would want a call a bucket and a table.
func (l *look) named(ctx context.Context, tags map[string]string) error {
	in := &tagging.GetResourcesInput{
		ResourceTypeFilters: []string{"rds:db", "rds:cluster", "s3", "dynamodb:table"},
		ResourcesPerPage:    aws.Int32(taggedPage),
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) { // all of them must match
		in.TagFilters = append(in.TagFilters, taggingtypes.TagFilter{Key: aws.String(key), Values: []string{tags[key]}})
	}
	pages := tagging.NewGetResourcesPaginator(l.tags, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list what is tagged: %w", err)
		}
		for _, resource := range page.ResourceTagMappingList {
			if thing, ok := parse(resource); ok {
				l.world.Named = append(l.world.Named, thing)
			}
		}
	}
	return l.databases(ctx)
}

// databases leaves replicas out, whose source is what needs a policy, and turns
// the members of a cluster into the cluster, which is what one can protect. The
// tags tell neither.
func (l *look) databases(ctx context.Context) error {
	if !slices.ContainsFunc(l.world.Named, func(n Named) bool { return n.Kind == Instance }) {
		return nil
	}
	replica, cluster := map[string]bool{}, map[string]string{}
	pages := rds.NewDescribeDBInstancesPaginator(l.rds, &rds.DescribeDBInstancesInput{MaxRecords: aws.Int32(databasesPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list databases: %w", err)
		}
		for _, db := range page.DBInstances {
			name := aws.ToString(db.DBInstanceIdentifier)
			replica[name] = aws.ToString(db.ReadReplicaSourceDBInstanceIdentifier) != ""
			cluster[name] = aws.ToString(db.DBClusterIdentifier)
		}
	}
	var things []Named
	for _, thing := range l.world.Named {
		if thing.Kind == Instance && replica[thing.Name] {
			continue
		}
		if thing.Kind == Instance && cluster[thing.Name] != "" {
			thing.Kind, thing.Name = Cluster, cluster[thing.Name]
		}
		if !slices.ContainsFunc(things, func(n Named) bool { return n.Kind == thing.Kind && n.Name == thing.Name }) {
			things = append(things, thing)
		}
	}
	l.world.Named = things
	return nil
}
