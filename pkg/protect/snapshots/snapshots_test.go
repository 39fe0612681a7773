package snapshots

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// scene is a workload of its own in the shared cloud: workers with two data
// volumes each, one volume that no policy selects, and a plan that protects it.
type scene struct {
	t        *testing.T
	cloud    *simulated.Cloud
	rotation *Rotation
	input    protect.Input
	primary  simulated.Workload
	recovery simulated.Workload
	workers  []string
	data     []string // volumes
}

func newScene(t *testing.T, cloud *simulated.Cloud, workers int) *scene {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	selected := map[string]string{"app": name, "tier": "data"}
	s := &scene{
		t: t, cloud: cloud,
		rotation: New(cloud.Config("eu-central-1"), cloud),
		primary:  cloud.Workload(t, simulated.Primary),
		recovery: cloud.Workload(t, simulated.Recovery),
		input: protect.Input{
			Plan: name, Primary: simulated.Primary, Recovery: simulated.Recovery,
			Policy: plan.Policy{
				Name: "data", Volumes: &plan.Selector{Tags: selected}, Key: "alias/pilotlight",
				Every: plan.Duration(30 * time.Minute), RPO: plan.Duration(time.Hour),
			},
		},
	}
	image := s.primary.Image(name)
	for range workers {
		worker := s.primary.Instance(image, nil)
		s.workers = append(s.workers, worker)
		s.data = append(s.data, s.primary.Volume(worker, "/dev/sdf", selected), s.primary.Volume(worker, "/dev/sdg", selected))
		s.primary.Volume(worker, "/dev/sdz", map[string]string{"app": name, "tier": "scratch"})
	}
	cloud.Calls()
	return s
}

// pass makes one pass and answers its result and its calls.
func (s *scene) pass() (protect.Result, []string) {
	s.t.Helper()
	result, calls, err := s.try()
	if err != nil {
		s.t.Fatal(err)
	}
	return result, calls
}

func (s *scene) try() (protect.Result, []string, error) {
	s.t.Helper()
	raw, err := json.Marshal(s.input)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cloud.Calls()
	result, err := s.rotation.Handle(s.t.Context(), raw)
	return result, slices.Sorted(slices.Values(s.cloud.Calls())), err // regions are asked at the same time
}

func (s *scene) jump(d time.Duration) {
	s.t.Helper()
	if err := s.cloud.Clock.Jump(d); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) sources() []types.Snapshot { return s.primary.Snapshots(lineage.Plan, s.input.Plan) }
func (s *scene) copies() []types.Snapshot  { return s.recovery.Snapshots(lineage.Plan, s.input.Plan) }

var listings = []string{"DescribeVolumes us-east-1", "DescribeSnapshots us-east-1", "DescribeSnapshots us-west-2"}

// trials are what is asked about the key before the first copy. The sources of
// these scenes are not encrypted.
var trials = []string{"DescribeKey us-west-2", "GenerateDataKeyWithoutPlaintext us-west-2", "GetCallerIdentity us-west-2", "CreateGrant us-west-2"}

func TestRotation(t *testing.T) {
	cloud := simulated.Start(t)
	cloud.CreateKey(t, simulated.Recovery, "alias/pilotlight")
	t.Run("takes a set an instance and copies it", func(t *testing.T) { takesAndCopies(newScene(t, cloud, 2)) })
	t.Run("waits when AWS has no slot", func(t *testing.T) { waitsForSlots(newScene(t, cloud, 2)) })
	t.Run("goes on after a copy that fails", func(t *testing.T) { goesOn(newScene(t, cloud, 2)) })
	t.Run("makes a failed copy again", func(t *testing.T) { copiesAgain(newScene(t, cloud, 1)) })
	t.Run("takes what waited longest first", func(t *testing.T) { takesWhatWaitedLongestFirst(newScene(t, cloud, 3)) })
	t.Run("waits for a key that can be used", func(t *testing.T) { waitsForAKey(newScene(t, cloud, 1)) })
	t.Run("announces another key", func(t *testing.T) { announcesAnotherKey(newScene(t, cloud, 1)) })
	t.Run("retires in two phases", func(t *testing.T) { retires(newScene(t, cloud, 1)) })
	t.Run("keeps what a run pinned", func(t *testing.T) { keepsPinned(newScene(t, cloud, 1)) })
}

func takesAndCopies(s *scene) {
	t := s.t
	result, calls := s.pass()
	if result.Taken != 2 || result.Copied != 0 {
		t.Errorf("first pass: %+v", result)
	}
	want := slices.Concat(listings, []string{"DescribeInstances us-east-1", "CreateSnapshots us-east-1", "CreateSnapshots us-east-1"})
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), calls); diff != "" {
		t.Errorf("calls of the first pass (-want +got):\n%s", diff)
	}
	var taken []string
	for _, snapshot := range s.sources() {
		taken = append(taken, aws.ToString(snapshot.VolumeId))
	}
	slices.Sort(taken)
	if diff := cmp.Diff(slices.Sorted(slices.Values(s.data)), taken); diff != "" {
		t.Errorf("volumes taken (-want +got):\n%s", diff)
	}

	result, calls = s.pass()
	if result.Copied != 4 || result.Taken != 0 {
		t.Errorf("second pass: %+v", result)
	}
	if len(calls) != len(listings)+1+len(trials)+4 {
		t.Errorf("calls of the second pass: %v", calls)
	}
	checkCopies(s)

	result, calls = s.pass()
	if diff := cmp.Diff(protect.Result{Status: protect.Reconciled}, result); diff != "" {
		t.Errorf("third pass (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(listings)), calls); diff != "" {
		t.Errorf("calls of the third pass (-want +got):\n%s", diff)
	}

	s.jump(30 * time.Minute)
	if result, _ = s.pass(); result.Taken != 2 {
		t.Errorf("half an hour later: %+v", result)
	}
	if result, _ = s.pass(); result.Copied != 4 {
		t.Errorf("and its copies: %+v", result)
	}
}

// checkCopies compares what the copies say of themselves with their sources.
func checkCopies(s *scene) {
	s.t.Helper()
	devices := map[string]string{}
	for i, volume := range s.data {
		devices[volume] = []string{"/dev/sdf", "/dev/sdg"}[i%2]
	}
	want := map[string]lineage.Point{}
	for _, source := range s.sources() {
		tags := tagged.Of(source.Tags)
		want[aws.ToString(source.SnapshotId)] = lineage.Point{
			Policy: "data", Set: tags[lineage.Set], SetSize: 2, Source: aws.ToString(source.SnapshotId),
			Origin: aws.ToString(source.VolumeId), Instance: tags[lineage.Instance], Device: devices[aws.ToString(source.VolumeId)],
			TakenAt: source.StartTime.Truncate(time.Second), State: lineage.Complete, SizeGiB: 20, Region: simulated.Recovery,
		}
	}
	for _, p := range copied(s) {
		if p.Key == "" {
			s.t.Errorf("%s is not encrypted", p.ID)
		}
		got := p
		got.ID, got.Key, got.Under, got.Started, got.Done = "", "", "", time.Time{}, time.Time{}
		if diff := cmp.Diff(want[p.Source], got); diff != "" {
			s.t.Errorf("copy of %s (-want +got):\n%s", p.Source, diff)
		}
		delete(want, p.Source)
	}
	if len(want) > 0 {
		s.t.Errorf("%d sources have no copy", len(want))
	}
}

// copied are the copies as points.
func copied(s *scene) []lineage.Point {
	_, copies := ebs.Divide(points(s.copies(), simulated.Recovery))
	return copies
}

func waitsForSlots(s *scene) {
	t := s.t
	s.pass()
	s.cloud.Refuse("CopySnapshot", "ResourceLimitExceeded", 1)
	result, calls := s.pass()
	if result.Copied != 1 || result.Waiting != 3 {
		t.Errorf("with one slot: %+v", result)
	}
	if len(calls) != len(listings)+1+len(trials)+2 {
		t.Errorf("calls with one slot: %v", calls)
	}
	s.cloud.Refuse("CopySnapshot", "RequestLimitExceeded", 0)
	if result, _ = s.pass(); result.Copied != 0 || result.Waiting != 3 {
		t.Errorf("throttled: %+v", result)
	}
	s.cloud.Refuse("CopySnapshot", "", 0)
	if result, _ = s.pass(); result.Copied != 3 || result.Waiting != 0 {
		t.Errorf("with slots again: %+v", result)
	}
	if got := len(s.copies()); got != 4 {
		t.Errorf("%d copies, want 4", got)
	}
}

func goesOn(s *scene) {
	t := s.t
	s.pass()
	s.cloud.Refuse("CopySnapshot", "InvalidParameterValue", 0)
	result, calls, err := s.try()
	s.cloud.Refuse("CopySnapshot", "", 0)
	if err == nil || result.Copied != 0 {
		t.Errorf("result %+v, error %v", result, err)
	}
	if tried := len(slices.DeleteFunc(calls, func(call string) bool { return call != "CopySnapshot us-west-2" })); tried != 4 {
		t.Errorf("%d copies were tried, want all 4", tried)
	}
}

func copiesAgain(s *scene) {
	t := s.t
	s.pass()
	s.input.Policy.Key = "alias/gone"
	s.cloud.Refuse("DescribeKey", "KMSInternalException", 0) // nobody says so before
	s.pass()
	s.cloud.Refuse("DescribeKey", "", 0)
	for _, snapshot := range s.copies() {
		if snapshot.State != types.SnapshotStateError {
			t.Fatalf("%s is %s, want error", aws.ToString(snapshot.SnapshotId), snapshot.State)
		}
	}
	s.input.Policy.Key = "alias/pilotlight"
	if result, _ := s.pass(); result.Copied != 0 || result.Waiting != 2 || result.Deleted != 0 {
		t.Errorf("right after the failure: %+v", result)
	}
	s.jump(lineage.Pause)
	if result, _ := s.pass(); result.Copied != 2 || result.Deleted != 2 {
		t.Errorf("a pause later: %+v", result)
	}
	checkCopies(s)
}

func retires(s *scene) {
	t := s.t
	for range 3 {
		s.pass()
		s.pass()
		s.jump(31 * time.Minute)
	}
	marked := func(snapshots []types.Snapshot) (n int) {
		for _, snapshot := range snapshots {
			if tagged.Of(snapshot.Tags)[lineage.Retire] != "" {
				n++
			}
		}
		return n
	}
	s.pass() // takes the fourth set
	s.pass() // copies it
	s.pass() // sees that it has arrived
	if got := marked(s.sources()) + marked(s.copies()); got != 12 {
		t.Errorf("%d snapshots are marked, want three old sets of two on both sides", got)
	}
	if len(s.sources()) != 8 || len(s.copies()) != 8 {
		t.Errorf("%d and %d snapshots: something was deleted before its grace was over", len(s.sources()), len(s.copies()))
	}

	s.input.Policy.Keep.Hourly = 9
	s.pass()
	if got := marked(s.sources()); got == 6 {
		t.Error("a longer retention took no mark off")
	}
	s.input.Policy.Keep.Hourly = 0
	s.pass()
	s.jump(25 * time.Hour)
	s.pass() // takes a newer set
	s.pass() // copies it
	if result, _ := s.pass(); result.Deleted+result.Marked == 0 {
		t.Errorf("after the grace: %+v", result)
	}
	s.jump(25 * time.Hour)
	s.pass()
	if got := len(s.copies()); got > 4 {
		t.Errorf("%d copies are left, want two sets at most", got)
	}
}

func keepsPinned(s *scene) {
	t := s.t
	s.pass()
	s.pass()
	pinned := copied(s)
	s.cloud.Held = run.Pins{"data": pinned}
	defer func() { s.cloud.Held = nil }()
	for range 3 {
		s.jump(25 * time.Hour)
		s.pass()
		s.pass()
	}
	left := map[string]bool{}
	for _, snapshot := range slices.Concat(s.sources(), s.copies()) {
		left[aws.ToString(snapshot.SnapshotId)] = true
	}
	for _, p := range pinned {
		if !left[p.ID] || !left[p.Source] {
			t.Errorf("%s, a copy of %s, is pinned, and one of them is gone", p.ID, p.Source)
		}
	}
}
