package orphans

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// scene is a plan that lost things in both regions.
type scene struct {
	*testing.T
	cloud             *simulated.Cloud
	primary, recovery simulated.Workload
	search            Search
	server            string
}

func newScene(t *testing.T) *scene {
	cloud := simulated.Start(t)
	s := &scene{T: t, cloud: cloud, primary: cloud.Workload(t, simulated.Primary), recovery: cloud.Workload(t, simulated.Recovery)}
	s.server = s.primary.Instance(s.primary.Image("base"), nil)
	s.search = Search{
		Plan: "storefront", Policies: []string{"data", "web"},
		Sites: []protect.Site{{Region: simulated.Primary}, {Region: simulated.Recovery}},
	}
	return s
}

// must stops the test on an error of a call that prepares it.
func must[T any](s *scene, answer T, err error) T {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	return answer
}

func (s *scene) tags(policy string, more ...string) []types.TagSpecification {
	tags := map[string]string{lineage.Plan: "storefront", lineage.Policy: policy, lineage.Instance: "i-1"}
	for i := 0; i < len(more); i += 2 {
		tags[more[i]] = more[i+1]
	}
	return []types.TagSpecification{tagged.On(types.ResourceTypeSnapshot, tags)}
}

func (s *scene) volume(device string) string { return s.primary.Volume(s.server, device, nil) }

func (s *scene) snapshot(volume, policy string, more ...string) string {
	s.Helper()
	made, err := s.primary.EC2.CreateSnapshot(s.Context(), &ec2.CreateSnapshotInput{VolumeId: aws.String(volume), TagSpecifications: s.tags(policy, more...)})
	return aws.ToString(must(s, made, err).SnapshotId)
}

func (s *scene) copied(source, volume, key string) string {
	s.Helper()
	in := &ec2.CopySnapshotInput{
		SourceRegion: aws.String(simulated.Primary), SourceSnapshotId: aws.String(source),
		TagSpecifications: s.tags("data", lineage.Source, source, lineage.Origin, volume),
	}
	if key != "" {
		in.Encrypted, in.KmsKeyId = aws.Bool(true), aws.String(key)
	}
	made, err := s.recovery.EC2.CopySnapshot(s.Context(), in)
	return aws.ToString(must(s, made, err).SnapshotId)
}

// image makes one as refresh-images does and answers it with its snapshot.
func (s *scene) image(set string) (id, snapshot string) {
	s.Helper()
	made, err := s.primary.EC2.CreateImage(s.Context(), &ec2.CreateImageInput{
		InstanceId: aws.String(s.server), Name: aws.String(set), NoReboot: aws.Bool(true),
		TagSpecifications: []types.TagSpecification{
			tagged.On(types.ResourceTypeImage, lineage.SourceTags("storefront", lineage.Point{Policy: "web", Set: set})),
			tagged.On(types.ResourceTypeSnapshot, lineage.PartTags("storefront", lineage.Point{Policy: "web", Set: set})),
		},
	})
	return aws.ToString(must(s, made, err).ImageId), aws.ToString(s.primary.Snapshots(lineage.Part, set)[0].SnapshotId)
}

func (s *scene) detachAndDelete(volume string) {
	s.Helper()
	_, err := s.primary.EC2.DetachVolume(s.Context(), &ec2.DetachVolumeInput{VolumeId: aws.String(volume)})
	must(s, 0, err)
	_, err = s.primary.EC2.DeleteVolume(s.Context(), &ec2.DeleteVolumeInput{VolumeId: aws.String(volume)})
	must(s, 0, err)
}

func (s *scene) deleteSnapshot(id string) {
	s.Helper()
	_, err := s.primary.EC2.DeleteSnapshot(s.Context(), &ec2.DeleteSnapshotInput{SnapshotId: aws.String(id)})
	must(s, 0, err)
}

func (s *scene) find() ([]Orphan, error) {
	s.search.Now = s.cloud.Clock.Now().UTC()
	return Find(s.Context(), s.cloud.Config("eu-central-1"), s.search)
}

func TestFind_namesWhatNoPassLooksAfter(t *testing.T) {
	s := newScene(t)
	want := s.losesAnImage()
	maps.Copy(want, s.losesPoints())
	maps.Copy(want, s.losesADatabase())
	if err := s.cloud.Clock.Jump(2 * lineage.Pause); err != nil {
		t.Fatal(err)
	}
	s.cloud.Calls()
	found, err := s.find()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, o := range found {
		got[o.ID] = o.Region + " " + string(o.Kind) + ": " + o.Reason
		if o.Advice == "" || o.GiB == 0 || o.Age < lineage.Pause {
			t.Errorf("%+v lacks its size, age or advice", o)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("orphans (-want +got):\n%s", diff)
	}
	calls := s.cloud.Calls()
	for _, call := range calls {
		if !strings.HasPrefix(call, "Describe") {
			t.Errorf("a report called %s", call)
		}
	}
	if len(calls) != 5*len(s.search.Sites) {
		t.Errorf("%d calls, want five listings a region: %v", len(calls), calls)
	}
	s.cloud.Refuse("DescribeDBSnapshots", "AccessDenied", 0)
	if found, err = s.find(); err == nil || len(found) != len(want)-2 {
		t.Errorf("who may not list databases finds %d orphans, want all but those of databases; error %v", len(found), err)
	}
}

// losesAnImage makes three and deregisters two, and says what that leaves behind:
// nothing of the snapshot that somebody registers an image of his own from.
func (s *scene) losesAnImage() map[string]string {
	s.Helper()
	s.image("web-1")
	adopted, registered := s.image("web-2")
	gone, left := s.image("web-3")
	for _, id := range []string{adopted, gone} {
		_, err := s.primary.EC2.DeregisterImage(s.Context(), &ec2.DeregisterImageInput{ImageId: aws.String(id)})
		must(s, 0, err)
	}
	_, err := s.primary.EC2.RegisterImage(s.Context(), &ec2.RegisterImageInput{
		Name: aws.String("golden"), RootDeviceName: aws.String("/dev/sda1"),
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sda1"), Ebs: &types.EbsBlockDevice{SnapshotId: aws.String(registered)}}},
	})
	must(s, 0, err)
	return map[string]string{left: "us-east-1 no-image: the image of set web-3 was deregistered, and this snapshot of one of its disks stayed"}
}

// losesPoints leaves points of each kind behind, beside some that are well, and
// says what should be found.
func (s *scene) losesPoints() map[string]string {
	s.Helper()
	kept, lost := s.volume("/dev/sdf"), s.volume("/dev/sdg")
	s.copied(s.snapshot(kept, "data"), kept, "")
	s.snapshot(kept, "gone", lineage.Plan, "ledgerline")

	want := map[string]string{}
	want[s.snapshot(kept, "nightly")] = `us-east-1 no-policy: plan storefront has no policy "nightly" any more, so no pass retires it`

	day := s.cloud.Clock.Now().UTC().Add(-3 * 24 * time.Hour)
	want[s.snapshot(kept, "data", lineage.Retire, day.Format(time.RFC3339))] = "us-east-1 overdue: marked for deletion on or after " +
		day.Format("2006-01-02 15:04Z") + ", and still there"
	s.snapshot(kept, "data", lineage.Retire, day.Add(48*time.Hour).Format(time.RFC3339)) // a day late: its pass may be on its way

	source := s.snapshot(lost, "data")
	orphan, twin := s.copied(source, lost, ""), s.snapshot(lost, "data")
	s.detachAndDelete(lost)
	s.deleteSnapshot(source)
	want[orphan] = "us-west-2 no-volume: volume " + lost + " is gone, and so is snapshot " + source + ", which this was copied from"
	want[twin] = "us-east-1 no-volume: volume " + lost + " is gone"

	want[s.copied(s.snapshot(kept, "data"), kept, "alias/nobody")] = "us-west-2 failed: AWS could not complete it: it holds no data"
	return want
}

// losesADatabase leaves a snapshot of each kind of database whose policy is gone, and
// one that is well.
func (s *scene) losesADatabase() map[string]string {
	s.Helper()
	api := rds.NewFromConfig(s.cloud.Config(simulated.Recovery))
	tags := func(policy string) []rdstypes.Tag {
		return []rdstypes.Tag{{Key: aws.String(lineage.Plan), Value: aws.String("storefront")}, {Key: aws.String(lineage.Policy), Value: aws.String(policy)}}
	}
	_, err := api.CreateDBInstance(s.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders"), Engine: aws.String("mysql"), DBInstanceClass: aws.String("db.m5.large"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"),
	})
	must(s, 0, err)
	_, err = api.CreateDBCluster(s.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String("ledger"), Engine: aws.String("aurora-mysql"), AllocatedStorage: aws.Int32(20),
		MasterUsername: aws.String("root"), MasterUserPassword: aws.String("not-a-secret"),
	})
	must(s, 0, err)
	want := map[string]string{}
	for _, policy := range []string{"data", "orders"} {
		_, err = api.CreateDBSnapshot(s.Context(), &rds.CreateDBSnapshotInput{
			DBInstanceIdentifier: aws.String("orders"), DBSnapshotIdentifier: aws.String("db-" + policy), Tags: tags(policy)})
		must(s, 0, err)
		_, err = api.CreateDBClusterSnapshot(s.Context(), &rds.CreateDBClusterSnapshotInput{
			DBClusterIdentifier: aws.String("ledger"), DBClusterSnapshotIdentifier: aws.String("cluster-" + policy), Tags: tags(policy)})
		must(s, 0, err)
	}
	for _, id := range []string{"db-orders", "cluster-orders"} {
		want[id] = `us-west-2 no-policy: plan storefront has no policy "orders" any more, so no pass retires it`
	}
	return want
}

func TestFind_callsNothingGoneBecauseARegionIsSilent(t *testing.T) {
	s := newScene(t)
	volume := s.volume("/dev/sdf")
	s.copied(s.snapshot(volume, "data"), volume, "")
	orphan := s.copied(s.snapshot(volume, "data"), volume, "alias/nobody")
	if err := s.cloud.Clock.Jump(2 * lineage.Pause); err != nil {
		t.Fatal(err)
	}
	s.search.Sites[0].Role = "arn:aws:iam::111111111111:role/out-of-reach"
	s.cloud.Refuse("AssumeRole", "ServiceUnavailable", 0)
	found, err := s.find()
	if err == nil || !strings.Contains(err.Error(), simulated.Primary) {
		t.Errorf("error %v does not name the silent region", err)
	}
	if len(found) != 1 || found[0].ID != orphan {
		t.Errorf("found %+v, want the failed copy %s alone", found, orphan)
	}
}
