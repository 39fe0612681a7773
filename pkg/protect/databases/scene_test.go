package databases

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// scene is a plan of its own in the shared cloud, with the databases that it is
// given.
type scene struct {
	t      *testing.T
	cloud  *simulated.Cloud
	ledger protect.Ledger
	plan   string
	here   *rds.Client
	there  *rds.Client
}

func newScene(t *testing.T, cloud *simulated.Cloud) *scene {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	return &scene{
		t: t, cloud: cloud, ledger: cloud, plan: name[max(0, len(name)-25):],
		here: rds.NewFromConfig(cloud.Config(simulated.Primary)), there: rds.NewFromConfig(cloud.Config(simulated.Recovery)),
	}
}

// instance makes a database of a team's and a policy that snapshots it.
func (s *scene) instance(name string, change func(*rds.CreateDBInstanceInput)) protect.Input {
	s.t.Helper()
	in := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(s.plan + "-" + name), Engine: aws.String("mysql"), EngineVersion: aws.String("8.0.35"),
		DBInstanceClass: aws.String("db.m5.large"), AllocatedStorage: aws.Int32(20), BackupRetentionPeriod: aws.Int32(1),
		MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("orders")}},
	}
	if change != nil {
		change(in)
	}
	_, err := s.here.CreateDBInstance(s.t.Context(), in)
	s.must(err)
	return s.policy(name, plan.Database{Instance: *in.DBInstanceIdentifier, By: plan.Snapshots})
}

func (s *scene) cluster(name string) protect.Input {
	s.t.Helper()
	id := s.plan + "-" + name
	_, err := s.here.CreateDBCluster(s.t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String(id), Engine: aws.String("aurora-mysql"), EngineVersion: aws.String("8.0.mysql_aurora.3.04.0"),
		MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"),
	})
	s.must(err)
	return s.policy(name, plan.Database{Cluster: id, By: plan.Snapshots})
}

func (s *scene) policy(name string, database plan.Database) protect.Input {
	return protect.Input{
		Plan: s.plan, Primary: simulated.Primary, Recovery: simulated.Recovery,
		Policy: plan.Policy{
			Name: name, Database: &database, Key: "alias/pilotlight",
			Every: plan.Duration(30 * time.Minute), RPO: plan.Duration(time.Hour),
		},
	}
}

// pass makes one pass and answers its result and its calls.
func (s *scene) pass(in protect.Input) (protect.Result, []string) {
	s.t.Helper()
	s.cloud.Calls()
	answer, err := New(s.cloud.Config("eu-central-1"), s.ledger).Handle(s.t.Context(), s.raw(in))
	if err != nil {
		s.t.Fatal(err)
	}
	return *answer.Result, s.cloud.Calls()
}

// batch makes the passes that messages in a queue ask for, and answers its calls.
func (s *scene) batch(inputs ...protect.Input) []string {
	s.t.Helper()
	s.cloud.Calls()
	answer, err := New(s.cloud.Config("eu-central-1"), s.ledger).Handle(s.t.Context(), s.messages(inputs...))
	if err != nil || len(answer.Failed) > 0 {
		s.t.Fatalf("failed messages %v, error %v", answer.Failed, err)
	}
	return s.cloud.Calls()
}

// messages are inputs as a queue delivers them.
func (s *scene) messages(inputs ...protect.Input) json.RawMessage {
	s.t.Helper()
	type message map[string]any
	var records []message
	for i, in := range inputs {
		records = append(records, message{"messageId": fmt.Sprint(i), "eventSource": "aws:sqs", "body": string(s.raw(in))})
	}
	return s.raw(message{"Records": records})
}

func (s *scene) raw(in any) json.RawMessage {
	s.t.Helper()
	raw, err := json.Marshal(in)
	s.must(err)
	return raw
}

func (s *scene) inspect(in protect.Input) protect.Source {
	s.t.Helper()
	state, now, err := s.ledger.State(s.t.Context(), s.plan)
	s.must(err)
	pass, err := protect.ProtectDatabases.Begin(s.t.Context(), s.ledger, s.raw(in))
	s.must(err)
	pass.Now = now
	found, err := Inspect(s.t.Context(), s.cloud.Config("eu-central-1"), pass)
	s.must(err)
	if len(found) != 1 {
		s.t.Fatalf("in posture %s: %+v, want one source", state.Posture, found)
	}
	return found[0]
}

func (s *scene) jump(d time.Duration) {
	s.t.Helper()
	s.must(s.cloud.Clock.Jump(d))
}

// held are the plan's snapshots of instances, newest last.
func (s *scene) held(client *rds.Client) []types.DBSnapshot {
	s.t.Helper()
	out, err := client.DescribeDBSnapshots(s.t.Context(), &rds.DescribeDBSnapshotsInput{SnapshotType: aws.String(manual)})
	s.must(err)
	return slices.DeleteFunc(out.DBSnapshots, func(d types.DBSnapshot) bool { return tagMap(d.TagList)[lineage.Plan] != s.plan })
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// count says how often an action was called.
func count(calls []string, action string) int {
	n := 0
	for _, call := range calls {
		if strings.HasPrefix(call, action+" ") {
			n++
		}
	}
	return n
}
