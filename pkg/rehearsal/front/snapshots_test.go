package front

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

func stateOf(t *testing.T, f *Front, region, id string) (types.SnapshotState, string) {
	t.Helper()
	out := must[*ec2.DescribeSnapshotsOutput](t)(compute(f, region).DescribeSnapshots(t.Context(),
		&ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}}))
	return out.Snapshots[0].State, aws.ToString(out.Snapshots[0].Progress)
}

func withStatus(t *testing.T, f *Front, region, status string) []string {
	t.Helper()
	out := must[*ec2.DescribeSnapshotsOutput](t)(compute(f, region).DescribeSnapshots(t.Context(), &ec2.DescribeSnapshotsInput{
		OwnerIds: []string{"self"},
		Filters:  []types.Filter{{Name: aws.String("status"), Values: []string{status}}, {Name: aws.String("owner-id"), Values: []string{"123456789012"}}},
	}))
	var ids []string
	for _, s := range out.Snapshots {
		ids = append(ids, *s.SnapshotId)
	}
	return ids
}

func TestSnapshot_isPendingUntilItsTimeHasPassed(t *testing.T) {
	f := start(t)
	volume := newVolume(t, f, 8)
	pass(t, time.Minute)
	out := must[*ec2.CreateSnapshotOutput](t)(compute(f, east).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: &volume}))
	if out.State != types.SnapshotStatePending {
		t.Errorf("CreateSnapshot answers %s, want pending", out.State)
	}
	pass(t, 3*time.Minute)
	if state, progress := stateOf(t, f, east, *out.SnapshotId); state != types.SnapshotStatePending || progress != "60%" {
		t.Errorf("after 3 minutes %s %s, want pending 60%%", state, progress)
	}
	if got := withStatus(t, f, east, "completed"); len(got) != 0 {
		t.Errorf("status=completed lists the pending %v", got)
	}
	if got := withStatus(t, f, east, "p*"); !cmp.Equal(got, []string{*out.SnapshotId}) {
		t.Errorf("status=p* lists %v", got)
	}
	settle(t, f) // the volume is long ready
	due, some := f.NextDue()
	if at, ok := f.ReadyAt(*out.SnapshotId); !ok || !some || !at.Equal(due) {
		t.Errorf("ready at %v (%v), next due %v (%v)", at, ok, due, some)
	}
	pass(t, 3*time.Minute)
	if state, progress := stateOf(t, f, east, *out.SnapshotId); state != types.SnapshotStateCompleted || progress != "100%" {
		t.Errorf("after 6 minutes %s %s, want completed 100%%", state, progress)
	}
	if got := withStatus(t, f, east, "completed"); len(got) != 1 {
		t.Errorf("status=completed lists %v", got)
	}
}

func TestSnapshot_thatIsPendingIsOfNoUseYet(t *testing.T) {
	f := start(t)
	volume := newVolume(t, f, 8)
	if _, err := compute(f, east).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: &volume}); refusal(err) != "IncorrectState" {
		t.Errorf("snapshot of a volume that is being created: %v", err)
	}
	pass(t, time.Minute)
	out := must[*ec2.CreateSnapshotOutput](t)(compute(f, east).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: &volume}))
	if _, err := copyTo(t, f, west, *out.SnapshotId); refusal(err) != "IncorrectState" {
		t.Errorf("copy: %v", err)
	}
	_, err := compute(f, east).CreateVolume(t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(east + "a"), SnapshotId: out.SnapshotId})
	if refusal(err) != "IncorrectState" {
		t.Errorf("volume: %v", err)
	}
}

func TestSet_isPendingTogether(t *testing.T) {
	f := start(t)
	id := newInstances(t, f, 1)[0]
	spec := &types.InstanceSpecification{InstanceId: &id}
	if _, err := compute(f, east).CreateSnapshots(t.Context(), &ec2.CreateSnapshotsInput{InstanceSpecification: spec}); refusal(err) != "IncorrectState" {
		t.Errorf("set of a pending instance: %v", err)
	}
	pass(t, time.Minute)
	out := must[*ec2.CreateSnapshotsOutput](t)(compute(f, east).CreateSnapshots(t.Context(), &ec2.CreateSnapshotsInput{InstanceSpecification: spec}))
	if len(out.Snapshots) == 0 || out.Snapshots[0].State != types.SnapshotStatePending {
		t.Fatalf("CreateSnapshots answers %+v", out.Snapshots)
	}
	if state, _ := stateOf(t, f, east, *out.Snapshots[0].SnapshotId); state != types.SnapshotStatePending {
		t.Errorf("described as %s", state)
	}
}

func TestCopy_takesAsLongAsItsVolumeIsLarge(t *testing.T) {
	f := start(t)
	small, large := newSnapshot(t, f, 1), newSnapshot(t, f, 1000)
	before := shared.clock.Now()
	s := must[string](t)(copyTo(t, f, west, small))
	l := must[string](t)(copyTo(t, f, west, large))
	at := func(id string) time.Duration {
		ready, _ := f.ReadyAt(id)
		return ready.Sub(before).Round(time.Second)
	}
	if got := []time.Duration{at(s), at(l)}; !cmp.Equal(got, []time.Duration{62 * time.Second, 2108 * time.Second}) {
		t.Errorf("1 GiB and 1000 GiB take %v", got)
	}
	if source, region, ok := f.SourceOf(s); source != small || region != east || !ok {
		t.Errorf("source of %s: %s %s %v", s, source, region, ok)
	}
	if state, _ := stateOf(t, f, west, s); state != types.SnapshotStatePending {
		t.Errorf("copy is %s", state)
	}
	pass(t, 70*time.Second)
	if state, _ := stateOf(t, f, west, s); state != types.SnapshotStateCompleted {
		t.Errorf("copy is %s after 70 s", state)
	}
}

func TestCopy_ofOneVolumeWaitsForTheOneBefore(t *testing.T) {
	f := start(t)
	volume := newVolume(t, f, 1)
	pass(t, time.Minute)
	var copies []string
	for range 2 {
		out := must[*ec2.CreateSnapshotOutput](t)(compute(f, east).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: &volume}))
		pass(t, 10*time.Minute)
		copies = append(copies, *out.SnapshotId)
	}
	var ready [2]time.Time
	for i, id := range copies {
		ready[i], _ = f.ReadyAt(must[string](t)(copyTo(t, f, west, id)))
	}
	if got := ready[1].Sub(ready[0]).Round(time.Second); got != 62*time.Second {
		t.Errorf("the second is ready %v after the first, want 62 s", got)
	}
}

func TestCopy_beyondTheLimitIsRefusedUntilASlotIsFree(t *testing.T) {
	f := start(t, func(o *Options) { o.CopiesInFlight = 2 })
	var sources []string
	for range 3 {
		sources = append(sources, newSnapshot(t, f, 1))
	}
	first := must[string](t)(copyTo(t, f, west, sources[0]))
	must[string](t)(copyTo(t, f, west, sources[1]))
	if _, err := copyTo(t, f, west, sources[2]); refusal(err) != "ResourceLimitExceeded" {
		t.Fatalf("third copy: %v", err)
	}
	must[string](t)(copyTo(t, f, "eu-west-1", sources[2])) // the limit is one of a destination
	must[*ec2.DeleteSnapshotOutput](t)(compute(f, west).DeleteSnapshot(t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: &first}))
	must[string](t)(copyTo(t, f, west, sources[2]))
	if _, err := copyTo(t, f, west, sources[0]); refusal(err) != "ResourceLimitExceeded" {
		t.Fatalf("fourth copy: %v", err)
	}
	pass(t, 5*time.Minute)
	must[string](t)(copyTo(t, f, west, sources[0]))
}

func TestCopy_outOfAStruckRegionStopsUntilItHeals(t *testing.T) {
	f := start(t)
	id := must[string](t)(copyTo(t, f, west, newSnapshot(t, f, 1)))
	pass(t, 30*time.Second)
	f.Strike(east)
	pass(t, time.Hour)
	if state, _ := stateOf(t, f, west, id); state != types.SnapshotStatePending {
		t.Errorf("copy is %s though its source is gone", state)
	}
	if at, some := f.NextDue(); some {
		t.Errorf("next due %v, want nothing", at)
	}
	f.Heal(east)
	at, _ := f.ReadyAt(id)
	if left := at.Sub(shared.clock.Now()).Round(time.Second); left != 32*time.Second {
		t.Errorf("%v left after healing, want 32 s", left)
	}
}

func TestCopy_withAKeyThatCannotBeUsedFailsLater(t *testing.T) {
	f := start(t)
	source := newSnapshot(t, f, 1)
	settle(t, f)
	heard := listen(t, f, west)
	out := must[*ec2.CopySnapshotOutput](t)(compute(f, west).CopySnapshot(t.Context(), &ec2.CopySnapshotInput{
		SourceRegion: aws.String(east), SourceSnapshotId: &source, Encrypted: aws.Bool(true), KmsKeyId: aws.String("alias/none")}))
	if state, _ := stateOf(t, f, west, *out.SnapshotId); state != types.SnapshotStatePending {
		t.Errorf("at once %s, want pending", state)
	}
	pass(t, 5*time.Minute)
	settle(t, f)
	if state, _ := stateOf(t, f, west, *out.SnapshotId); state != types.SnapshotStateError {
		t.Errorf("later %s, want error", state)
	}
	if got := heard(1); len(got) != 1 {
		t.Errorf("heard %q", got)
	}
}
