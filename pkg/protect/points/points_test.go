package points_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/points"
)

const region = "us-east-1"

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

var (
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	selector = &plan.Selector{Tags: map[string]string{"app": "shop"}}
	data     = plan.Policy{Name: "data", Volumes: selector}
	orders   = plan.Policy{Name: "orders", Database: &plan.Database{Instance: "orders", By: plan.Snapshots}}
)

// must takes the answer of a call that has to succeed.
func must[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func TestList_givesWhatWasTakenInARegionAndWhatWasCopiedThere(t *testing.T) {
	cfg, name := simulated.Shared(t).Config(region), "listed"
	disks, databases := ec2.NewFromConfig(cfg), rds.NewFromConfig(cfg)
	volume := must[*ec2.CreateVolumeOutput](t)(disks.CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(region + "a"), Size: aws.Int32(1)}))
	point := lineage.Point{ID: "snap-there", Policy: "data", Set: "s", Origin: "vol-there", Instance: "i-1", Device: "/dev/sdf", TakenAt: noon}
	var want []string
	for _, tags := range []map[string]string{lineage.SourceTags(name, point), lineage.CopyTags(name, point), lineage.SourceTags("another", point)} {
		var list []types.Tag
		for key, value := range tags {
			list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
		}
		made := must[*ec2.CreateSnapshotOutput](t)(disks.CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{
			VolumeId: volume.VolumeId, TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: list}},
		}))
		want = append(want, *made.SnapshotId)
	}
	lists(t, points.New(cfg), name, data, want[:2])

	must[*rds.CreateDBInstanceOutput](t)(databases.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders"), DBInstanceClass: aws.String("db.t4g.medium"), Engine: aws.String("mysql"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("admin"), MasterUserPassword: aws.String("not-a-secret"),
	}))
	var tags []rdstypes.Tag
	for key, value := range lineage.DatabaseTags(name, lineage.Point{Policy: "orders", Set: "o", Origin: "arn", TakenAt: noon}) {
		tags = append(tags, rdstypes.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	taken := must[*rds.CreateDBSnapshotOutput](t)(databases.CreateDBSnapshot(t.Context(), &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String("orders"), DBSnapshotIdentifier: aws.String("orders-noon"), Tags: tags,
	}))
	lists(t, points.New(cfg), name, orders, []string{*taken.DBSnapshot.DBSnapshotArn})

	byBackups := orders
	byBackups.Database = &plan.Database{Instance: "orders", By: plan.Backups}
	lists(t, points.New(cfg), name, byBackups, nil)
}

func lists(t *testing.T, p points.Points, name string, policy plan.Policy, want []string) {
	t.Helper()
	var ids []string
	for _, one := range must[[]lineage.Point](t)(p.List(t.Context(), region, name, policy)) {
		if one.State != lineage.Complete || !one.TakenAt.Equal(noon) && one.Source != "" {
			t.Errorf("%+v", one)
		}
		ids = append(ids, one.ID)
	}
	slices.Sort(ids)
	slices.Sort(want)
	if !slices.Equal(ids, want) {
		t.Errorf("policy %s: %v, want %v", policy.Name, ids, want)
	}
}

func TestNudge_asksAsTheScheduleDoes(t *testing.T) {
	cfg := simulated.Shared(t).Config("us-west-2")
	queues := sqs.NewFromConfig(cfg)
	queue := must[*sqs.CreateQueueOutput](t)(queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("pilotlight-nudged-rotate-snapshots")}))
	policy := data
	policy.Every, policy.RPO = plan.Duration(time.Hour), plan.Duration(time.Hour)
	want := protect.Input{Plan: "nudged", Primary: region, Recovery: "us-west-2", Policy: policy}
	if err := points.New(cfg).Nudge(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got := must[*sqs.ReceiveMessageOutput](t)(queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl}))
	if len(got.Messages) != 1 {
		t.Fatalf("%d messages in the queue of the policy's function", len(got.Messages))
	}
	in, err := protect.RotateSnapshots.Decode(json.RawMessage(*got.Messages[0].Body))
	if err != nil || in.Policy.Name != "data" || in.Plan != "nudged" {
		t.Errorf("its function reads %+v, %v", in, err)
	}
}
