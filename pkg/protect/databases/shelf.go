package databases

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// api is every RDS action that a pass uses, in one region or the other.
type api interface {
	DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	DescribeDBClusters(context.Context, *rds.DescribeDBClustersInput, ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error)
	DescribeDBSnapshots(context.Context, *rds.DescribeDBSnapshotsInput, ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error)
	DescribeDBClusterSnapshots(context.Context, *rds.DescribeDBClusterSnapshotsInput, ...func(*rds.Options)) (*rds.DescribeDBClusterSnapshotsOutput, error)
	DescribeDBInstanceAutomatedBackups(context.Context, *rds.DescribeDBInstanceAutomatedBackupsInput, ...func(*rds.Options)) (*rds.DescribeDBInstanceAutomatedBackupsOutput, error)
	DescribeOptionGroups(context.Context, *rds.DescribeOptionGroupsInput, ...func(*rds.Options)) (*rds.DescribeOptionGroupsOutput, error)
	DescribeDBParameterGroups(context.Context, *rds.DescribeDBParameterGroupsInput, ...func(*rds.Options)) (*rds.DescribeDBParameterGroupsOutput, error)
	DescribeDBClusterParameterGroups(context.Context, *rds.DescribeDBClusterParameterGroupsInput, ...func(*rds.Options)) (*rds.DescribeDBClusterParameterGroupsOutput, error)
	StartDBInstanceAutomatedBackupsReplication(context.Context, *rds.StartDBInstanceAutomatedBackupsReplicationInput, ...func(*rds.Options)) (*rds.StartDBInstanceAutomatedBackupsReplicationOutput, error)
	CreateDBSnapshot(context.Context, *rds.CreateDBSnapshotInput, ...func(*rds.Options)) (*rds.CreateDBSnapshotOutput, error)
	CreateDBClusterSnapshot(context.Context, *rds.CreateDBClusterSnapshotInput, ...func(*rds.Options)) (*rds.CreateDBClusterSnapshotOutput, error)
	CopyDBSnapshot(context.Context, *rds.CopyDBSnapshotInput, ...func(*rds.Options)) (*rds.CopyDBSnapshotOutput, error)
	CopyDBClusterSnapshot(context.Context, *rds.CopyDBClusterSnapshotInput, ...func(*rds.Options)) (*rds.CopyDBClusterSnapshotOutput, error)
	ModifyDBSnapshotAttribute(context.Context, *rds.ModifyDBSnapshotAttributeInput, ...func(*rds.Options)) (*rds.ModifyDBSnapshotAttributeOutput, error)
	ModifyDBClusterSnapshotAttribute(context.Context, *rds.ModifyDBClusterSnapshotAttributeInput, ...func(*rds.Options)) (*rds.ModifyDBClusterSnapshotAttributeOutput, error)
	AddTagsToResource(context.Context, *rds.AddTagsToResourceInput, ...func(*rds.Options)) (*rds.AddTagsToResourceOutput, error)
	RemoveTagsFromResource(context.Context, *rds.RemoveTagsFromResourceInput, ...func(*rds.Options)) (*rds.RemoveTagsFromResourceOutput, error)
	DeleteDBSnapshot(context.Context, *rds.DeleteDBSnapshotInput, ...func(*rds.Options)) (*rds.DeleteDBSnapshotOutput, error)
	DeleteDBClusterSnapshot(context.Context, *rds.DeleteDBClusterSnapshotInput, ...func(*rds.Options)) (*rds.DeleteDBClusterSnapshotOutput, error)
}

// shelf is what RDS has a call of its own for, of instances and of clusters.
type shelf interface {
	noun() string
	databases(context.Context) ([]database, error)
	snapshots(context.Context) ([]snapshot, error)
	take(ctx context.Context, database, id string, tags map[string]string) (snapshot, error)
	copy(context.Context, copying) (snapshot, error)
	share(ctx context.Context, id, account string) error
	remove(ctx context.Context, id string) error
	parameterGroup(ctx context.Context, name string) (group, error)
}

// perPage is the most that RDS gives in one answer.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
const perPage = 100

// manual are the snapshots that live until somebody deletes them.
const manual = "manual"

// database is an instance or a cluster.
type database struct {
	name            string
	arn             string
	resource        string // id that no other database ever has, of an instance
	engine, version string
	gib             int
	days            int // that its automated backups are kept; zero: they are off
	encrypted       bool
	key             string // ARN; empty: not known, or plain
	options         string // option group; empty: none
	parameters      string // parameter group
	tags            map[string]string
}

// snapshot is a manual snapshot of either.
type snapshot struct {
	id, arn         string
	status          string
	created         time.Time // zero while AWS does not say
	crossed         bool      // copied from another region or account
	engine, version string
	options         string
	encrypted       bool
	key             string
	gib             int
	tags            map[string]string
}

// copying is what a copy call needs to know.
type copying struct {
	source  string // ARN
	region  string // the source's
	id      string // of the copy
	key     string
	options string // option group of the copy; empty: the default one
	tags    map[string]string
}

// group is an option group, or a parameter group.
type group struct {
	name   string
	engine string // and its major version, or
	major  string
	family string // engine and major version in one word
}

// state: what is neither done nor failed is neither used nor deleted.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
func (s snapshot) state() lineage.State {
	switch {
	case s.status == "available":
		return lineage.Complete
	case s.status == "failed", strings.HasPrefix(s.status, "incompatible-"):
		return lineage.Failed
	default:
		return lineage.Pending
	}
}

// point is a snapshot as a recovery point. Its id is the ARN: names are unique in
// a region of an account, and a source and its copy are in two of them. RDS may give
// no time of one that it is not done with, or never will be: of one that was taken
// here, the tags have it. A failure without a time would not be waited after.
func (s snapshot) point(region string) lineage.Point {
	p := lineage.Point{
		ID: s.arn, Region: region, Started: s.created, TakenAt: s.created,
		State: s.state(), SizeGiB: s.gib, Key: s.key,
	}.Tagged(s.tags)
	if p.Started.IsZero() && p.Source == "" {
		p.Started = p.TakenAt
	}
	return p
}

// tagMap is tags as a map.
func tagMap(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return m
}

// tagList is tags as RDS takes them.
func tagList(tags map[string]string) []types.Tag {
	list := make([]types.Tag, 0, len(tags))
	for key, value := range tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	slices.SortFunc(list, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return list
}
