package coverage

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// team makes what a team would have, and answers the ids that tests ask about.
type team struct {
	t      *testing.T
	cloud  *simulated.Cloud
	disk   string // beside a protected one
	server string // with nothing protected
}

func (m *team) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *team) builds() {
	w := m.cloud.Workload(m.t, simulated.Primary)
	image := w.Image("base")
	worker := w.Instance(image, labels{"app": "shop", "tier": "worker"})
	w.Volume(worker, "/dev/sdf", labels{"app": "shop", "tier": "data"})
	m.disk = w.Volume(worker, "/dev/sdg", labels{"app": "shop", "tier": "logs", "Name": "logs"})
	frontend := w.Instance(image, labels{"app": "shop", "tier": "web"})
	w.Volume(frontend, "/dev/sdf", labels{"app": "shop"})
	m.server = w.Instance(image, labels{"app": "shop", "tier": "batch"})
	w.Instance(image, labels{"app": "mail"})
	gone := w.Instance(image, labels{"app": "shop", "tier": "old"})
	_, err := w.EC2.TerminateInstances(m.t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{gone}})
	m.must(err)
	m.databases()
	m.buckets("shop-uploads", "shop-logs")
	m.table("carts")
	m.table("locks")
}

func (m *team) databases() {
	api := rds.NewFromConfig(m.cloud.Config(simulated.Primary))
	tags := []rdstypes.Tag{{Key: aws.String("app"), Value: aws.String("shop")}}
	for _, name := range []string{"orders", "reports"} {
		_, err := api.CreateDBInstance(m.t.Context(), &rds.CreateDBInstanceInput{
			DBInstanceIdentifier: aws.String(name), DBInstanceClass: aws.String("db.m6g.large"), Engine: aws.String("mysql"),
			AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("correct-horse"), Tags: tags,
		})
		m.must(err)
	}
	_, err := api.CreateDBInstanceReadReplica(m.t.Context(), &rds.CreateDBInstanceReadReplicaInput{
		DBInstanceIdentifier: aws.String("orders-reader"), SourceDBInstanceIdentifier: aws.String("orders"), Tags: tags,
	})
	m.must(err)
	_, err = api.CreateDBCluster(m.t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String("ledger"), Engine: aws.String("aurora-mysql"),
		MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("correct-horse"), Tags: tags,
	})
	m.must(err)
	_, err = api.CreateDBInstance(m.t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("ledger-1"), DBClusterIdentifier: aws.String("ledger"),
		DBInstanceClass: aws.String("db.r6g.large"), Engine: aws.String("aurora-mysql"), Tags: tags,
	})
	m.must(err)
}

func (m *team) buckets(names ...string) {
	api := s3.NewFromConfig(m.cloud.Config(simulated.Primary))
	for _, name := range names {
		_, err := api.CreateBucket(m.t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name)})
		m.must(err)
		_, err = api.PutBucketTagging(m.t.Context(), &s3.PutBucketTaggingInput{
			Bucket: aws.String(name), Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("app"), Value: aws.String("shop")}}},
		})
		m.must(err)
	}
}

func (m *team) table(name string) {
	_, err := dynamodb.NewFromConfig(m.cloud.Config(simulated.Primary)).CreateTable(m.t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		Tags:                 []dynamodbtypes.Tag{{Key: aws.String("app"), Value: aws.String("shop")}},
	})
	m.must(err)
}

func TestFind_seesWhatATeamForgot(t *testing.T) {
	m := &team{t: t, cloud: simulated.Start(t)}
	m.builds()
	m.cloud.Calls()
	policies := []plan.Policy{
		data, web,
		{Name: "mail", Volumes: &plan.Selector{Tags: labels{"app": "mial"}}}, // as somebody typed it
		{Name: "orders", Database: &plan.Database{Instance: "orders"}},
		{Name: "uploads", Bucket: &plan.Bucket{Name: "shop-uploads", Replica: "shop-uploads-west"}},
		{Name: "carts", Table: &plan.Table{Name: "carts"}},
	}
	got, err := Find(t.Context(), m.cloud.Config(simulated.Recovery), protect.Site{Region: simulated.Primary}, app, policies)
	m.must(err)
	calls := m.cloud.Calls()
	for _, want := range []string{
		"instance " + m.server + " in us-east-1",
		"volume " + m.disk + " (logs) of instance",
		"database reports in us-east-1",
		"database cluster ledger in us-east-1",
		"bucket shop-logs in us-east-1",
		"table locks in us-east-1",
		"policy mail protects nothing in us-east-1, where no attached volume carries app=mial",
	} {
		at := slices.IndexFunc(got, func(f Finding) bool { return strings.HasPrefix(string(f), want) })
		if at < 0 {
			t.Errorf("nobody says: %s", want)
			continue
		}
		got = slices.Delete(got, at, at+1)
	}
	if len(got) != 0 {
		t.Errorf("what is in order is told too: %q", got)
	}
	slices.Sort(calls)
	want := []string{"DescribeDBInstances us-east-1", "DescribeInstances us-east-1", "DescribeVolumes us-east-1", "GetResources us-east-1"}
	if !slices.Equal(calls, want) {
		t.Errorf("a look took the calls %v, want %v", calls, want)
	}

	vault := plan.Policy{Name: "vault", Snapshots: &plan.Selector{Tags: labels{"made-by": "backup"}}}
	got, err = Find(t.Context(), m.cloud.Config(simulated.Recovery), protect.Site{Region: simulated.Primary}, nil, []plan.Policy{vault})
	m.must(err)
	if calls := m.cloud.Calls(); len(got) != 1 || !slices.Equal(calls, []string{"DescribeSnapshots us-east-1"}) {
		t.Errorf("%q after %v", got, calls)
	}

	m.cloud.Refuse("DescribeVolumes", "RequestLimitExceeded", 0)
	if got, err := Find(t.Context(), m.cloud.Config(simulated.Recovery), protect.Site{Region: simulated.Primary}, app, policies); err == nil || got != nil {
		t.Errorf("half a look is told as a whole one: %q", got)
	}
}
