package replication

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// carts is a global table as it should be, until a test changes something.
type carts struct {
	*cloud
	name  string
	input protect.Input
}

func newCarts(c *cloud) *carts {
	name := strings.NewReplacer("/", "-").Replace(c.t.Name())
	s := &carts{c, name, protect.Input{
		Plan: "storefront", Primary: east, Recovery: west,
		Policy: plan.Policy{Name: "carts", Table: &plan.Table{Name: name}, Every: plan.Duration(15 * time.Minute), RPO: plan.Duration(time.Minute)},
	}}
	_, err := s.in(east).CreateTable(c.t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	c.must(err)
	s.updates(types.ReplicationGroupUpdate{Create: &types.CreateReplicationGroupMemberAction{RegionName: aws.String(west)}})
	for _, region := range []string{east, west} {
		s.backs(region, true)
	}
	return s
}

func (s *carts) in(region string) *dynamodb.Client {
	return dynamodb.NewFromConfig(s.config(region, "team"))
}

func (s *carts) updates(update types.ReplicationGroupUpdate) {
	s.t.Helper()
	_, err := s.in(east).UpdateTable(s.t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String(s.name), ReplicaUpdates: []types.ReplicationGroupUpdate{update}})
	s.must(err)
}

func (s *carts) backs(region string, up bool) {
	s.t.Helper()
	_, err := s.in(region).UpdateContinuousBackups(s.t.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName: aws.String(s.name), PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(up)},
	})
	s.must(err)
}

func (s *carts) lags(ago time.Duration, milliseconds float64) {
	s.t.Helper()
	s.says(east, ago, series{"AWS/DynamoDB", latency, "", 0, []cloudwatchtypes.Dimension{dimension("TableName", s.name), dimension("ReceivingRegion", west)}}, milliseconds)
}

func TestTable_isAsOldAsItsLag(t *testing.T) {
	s := newCarts(newCloud(t))
	result, source := passes(s.cloud, s.input)
	if len(result.Problems) != 0 || source.ID != s.name || source.Usable != 1 || s.now().Sub(source.Newest) > 2*time.Second {
		t.Errorf("nothing was written, so nothing is behind: %q, %+v", result.Problems, source)
	}
	s.lags(20*time.Minute, 900)
	s.lags(2*time.Minute, 90_000)
	result, source = passes(s.cloud, s.input)
	if age := s.now().Sub(source.Newest).Round(10 * time.Second); age != 90*time.Second {
		t.Errorf("%s old: %+v", age, source)
	}
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "1m30s behind, and the RPO is 1m") {
		t.Errorf("%q", result.Problems)
	}
	if calls, _ := s.changes(); calls != 16 {
		t.Errorf("four looks took %d calls, want 4 x (table and backups there, table and figures here)", calls)
	}
}

func TestTable_saysWhatIsWrongAndWhatToWrite(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*carts)
		says   string
		usable int
	}{
		"no backups there": {func(s *carts) { s.backs(west, false) }, "enable it on the replica", 1},
		"no replica": {func(s *carts) {
			s.updates(types.ReplicationGroupUpdate{Delete: &types.DeleteReplicationGroupMemberAction{RegionName: aws.String(west)}})
		}, "add the region to its replicas", 0},
		"a table of that name that is no replica": {func(s *carts) {
			s.updates(types.ReplicationGroupUpdate{Delete: &types.DeleteReplicationGroupMemberAction{RegionName: aws.String(west)}})
			_, err := s.in(west).CreateTable(s.t.Context(), &dynamodb.CreateTableInput{
				TableName: aws.String(s.name), BillingMode: types.BillingModePayPerRequest,
				AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
				KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
			})
			s.must(err)
			s.backs(west, true)
		}, "add the region to its replicas", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCarts(newCloud(t))
			c.breaks(s)
			result, source := passes(s.cloud, s.input)
			if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], c.says) || source.Usable != c.usable {
				t.Errorf("want one problem that says %q: %q, %+v", c.says, result.Problems, source)
			}
		})
	}
}

func TestTable_isWatchedTheOtherWayRoundAfterAFailover(t *testing.T) {
	s := newCarts(newCloud(t))
	s.serving, s.posture = run.RecoverySide, run.Active
	if result, source := passes(s.cloud, s.input); len(result.Problems) != 0 || source.Usable != 1 {
		t.Errorf("%q, %+v", result.Problems, source)
	}
	s.backs(east, false)
	if result, _ := passes(s.cloud, s.input); len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "no point-in-time recovery in us-east-1") {
		t.Errorf("%q", result.Problems)
	}
}

func TestTable_isJudgedFromTheReplicaWhileTheOtherRegionIsSilent(t *testing.T) {
	s := newCarts(newCloud(t))
	s.front.Strike(east)
	result, source := passes(s.cloud, s.input)
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "cannot be read in us-east-1") || !source.Unseen {
		t.Errorf("%q", result.Problems)
	}
	if source.Usable != 1 || source.Newest.IsZero() || source.Newest.After(s.now().Add(time.Second)) {
		t.Errorf("what can be restored is not told: %+v", source)
	}
}
