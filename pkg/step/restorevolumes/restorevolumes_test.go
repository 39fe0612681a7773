package restorevolumes

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// aRun pins one set of each of two instances.
func aRun(change ...func([]lineage.Point)) step.Run {
	point := func(id, set, instance, device string) lineage.Point {
		return lineage.Point{
			ID: id, Region: "us-west-2", Policy: "data", Set: set, SetSize: 2, Origin: "vol-of-" + id,
			Instance: instance, Device: device, State: lineage.Complete,
			TakenAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		}
	}
	points := []lineage.Point{
		point("snap-4", "set-2", "i-old2", "/dev/sdg"), point("snap-1", "set-1", "i-old1", "/dev/sdf"),
		point("snap-3", "set-2", "i-old2", "/dev/sdf"), point("snap-2", "set-1", "i-old1", "/dev/sdg"),
	}
	for _, c := range change {
		c(points)
	}
	return step.Run{
		Plan: "storefront", ID: "storefront-1", Step: "restore", Primary: "us-east-1", Recovery: "us-west-2",
		Pins: run.Pins{"data": points},
	}
}

var restored = map[string]string{
	"snap-1": "i-2 /dev/sdf", "snap-2": "i-2 /dev/sdg",
	"snap-3": "i-1 /dev/sdf", "snap-4": "i-1 /dev/sdg",
}

// two workers; sorted by zone, i-2 is the first.
func workers() []types.Instance {
	return []types.Instance{worker("i-1", "us-west-2b"), worker("i-2", "us-west-2a")}
}

func TestAdvance_keepsEachSetTogether(t *testing.T) {
	w := newRegion(t, workers()...)
	got := w.settle()
	if diff := cmp.Diff(restored, w.where()); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
	if want := "vol-01,vol-02,vol-03,vol-04"; got.Outputs["volumes"] != want || len(w.changes) != 8 {
		t.Errorf("outputs %v after %v", got.Outputs, w.changes)
	}
	want := map[string]string{
		lineage.Plan: "storefront", lineage.Policy: "data", lineage.Run: "storefront-1", lineage.Step: "restore",
		lineage.Set: "set-1", lineage.Source: "snap-1", lineage.Origin: "vol-of-snap-1", lineage.Instance: "i-2",
		lineage.Device: "/dev/sdf", lineage.TakenAt: "2026-03-01T12:00:00Z",
		"tier": "data", "Name": "disk of snap-1", // the team's own, which the copy brought along
	}
	tags := map[string]string{}
	for _, tag := range w.volume("vol-01").Tags {
		tags[*tag.Key] = *tag.Value
	}
	if diff := cmp.Diff(want, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestAdvance_changesNothingOnceDone(t *testing.T) {
	w := newRegion(t, workers()...)
	w.settle()
	before := slices.Clone(w.changes)
	w.settle()
	w.instances = append(w.instances, worker("i-0", "us-west-2a"))
	w.settle()
	if diff := cmp.Diff(before, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_endsTheSameAfterACrashAtAnyChange(t *testing.T) {
	for crash := 1; crash <= 8; crash++ {
		for _, slow := range []bool{false, true} {
			w := newRegion(t, workers()...)
			w.crashAt, w.slow = crash, slow
			w.settle()
			if diff := cmp.Diff(restored, w.where()); diff != "" || len(w.volumes) != 4 {
				t.Errorf("crash at change %d, slow %t: %d volumes (-want +got):\n%s", crash, slow, len(w.volumes), diff)
			}
		}
	}
}

func TestAdvance_readsTheChoiceFromTheVolumes(t *testing.T) {
	w := newRegion(t, workers()...)
	w.crashAt = 1
	if _, err := w.look(); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	w.instances = append(w.instances, worker("i-0", "us-west-2a")) // would be the first now
	w.settle()
	want := map[string]string{
		"snap-1": "i-2 /dev/sdf", "snap-2": "i-2 /dev/sdg",
		"snap-3": "i-0 /dev/sdf", "snap-4": "i-0 /dev/sdg",
	}
	if diff := cmp.Diff(want, w.where()); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
}

func TestAdvance_waitsForAsManyInstancesAsThereWere(t *testing.T) {
	w := newRegion(t, workers()[0])
	got, err := w.look()
	if err != nil || got.Detail != "1 of 2 instances named storefront-worker running" || len(w.changes) > 0 {
		t.Errorf("Advance = %+v, %v with changes %v", got, err, w.changes)
	}
}

func TestAdvance_waitsForTheInstanceItHasChosen(t *testing.T) {
	w := newRegion(t, workers()...)
	if _, err := w.look(); err != nil {
		t.Fatal(err)
	}
	w.tick()
	made := len(w.changes)
	w.instances = append(w.instances[:1], worker("i-0", "us-west-2a"))
	got, err := w.look()
	if err != nil || got.Done || len(w.changes) != made {
		t.Errorf("Advance = %+v, %v with changes %v; want pending and none", got, err, w.changes[made:])
	}
	w.instances = workers()
	w.settle()
}

func TestAdvance_looksAgainWhenAnAttachmentLosesARace(t *testing.T) {
	for _, code := range []string{"VolumeInUse", "IncorrectState", "IncorrectInstanceState"} {
		w := newRegion(t, workers()...)
		w.refuse = code
		w.settle()
		if diff := cmp.Diff(restored, w.where()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", code, diff)
		}
	}
}

// copyOf makes another volume like vol-01, as a lost answer without a token would.
func (w *region) copyOf(state types.VolumeState, change map[string]string) {
	tags := map[string]string{}
	for _, tag := range w.volume("vol-01").Tags {
		tags[*tag.Key] = *tag.Value
	}
	maps.Copy(tags, change)
	w.add(types.Volume{SnapshotId: aws.String("snap-1"), AvailabilityZone: aws.String("us-west-2a"), State: state, Tags: list(tags)})
}

func TestAdvance_retiresItsOwnDuplicatesAlone(t *testing.T) {
	w := newRegion(t, workers()...)
	w.settle()
	before := len(w.changes)
	w.copyOf(types.VolumeStateCreating, nil)
	w.copyOf(types.VolumeStateAvailable, map[string]string{lineage.Instance: "i-gone"})
	w.copyOf(types.VolumeStateAvailable, map[string]string{lineage.Run: "storefront-2"})
	w.settle()
	got := w.changes[before:]
	slices.Sort(got)
	if diff := cmp.Diff([]string{"delete vol-05", "delete vol-06"}, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(restored, w.where()); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
}

func TestDiscard_neverTouchesWhatThisRunDidNotMake(t *testing.T) {
	w := newRegion(t)
	foreign := types.Volume{VolumeId: aws.String("vol-foreign"), State: types.VolumeStateAvailable}
	if err := (&Kind{w}).discard(t.Context(), aRun(), []types.Volume{foreign}); err != nil || len(w.changes) > 0 {
		t.Errorf("discard = %v with changes %v", err, w.changes)
	}
}

func TestAdvance_stopsForGoodWhenTheSetIsNotWhole(t *testing.T) {
	for name, change := range map[string]func([]lineage.Point){
		"a point failed":             func(p []lineage.Point) { p[1].State = lineage.Failed },
		"a point is of another set":  func(p []lineage.Point) { p[1].Set = "set-0" },
		"a set misses a point":       func(p []lineage.Point) { p[0].SetSize, p[2].SetSize = 3, 3 },
		"two points are of a device": func(p []lineage.Point) { p[1].Device = p[3].Device },
		"a point has no device":      func(p []lineage.Point) { p[1].Device = "" },
		"a point was of no instance": func(p []lineage.Point) { p[1].Instance = "" },
	} {
		w := newRegion(t, workers()...)
		_, err := (&Kind{w}).Advance(t.Context(), aRun(change), aSpec)
		if failure.ClassOf(err) != failure.Permanent || len(w.changes) > 0 {
			t.Errorf("%s: error %v with changes %v; want a permanent one and none", name, err, w.changes)
		}
	}
	w := newRegion(t, workers()...)
	if _, err := (&Kind{w}).Advance(t.Context(), step.Run{Recovery: "us-west-2"}, aSpec); failure.ClassOf(err) != failure.Permanent {
		t.Errorf("nothing pinned: error %v; want a permanent one", err)
	}
}

func TestAdvance_stopsForGoodWhenAVolumeNeedsAPerson(t *testing.T) {
	for want, trouble := range map[string]func(*types.Volume){
		"has failed": func(v *types.Volume) { v.State = types.VolumeStateError },
		"i-stranger": func(v *types.Volume) {
			v.State = types.VolumeStateInUse
			v.Attachments = []types.VolumeAttachment{{InstanceId: aws.String("i-stranger"), State: types.VolumeAttachmentStateAttached}}
		},
	} {
		w := newRegion(t, workers()...)
		if _, err := w.look(); err != nil {
			t.Fatal(err)
		}
		w.tick()
		trouble(w.volume("vol-01"))
		_, err := w.look()
		if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want a permanent one that says %q", err, want)
		}
	}
}

func TestAdvance_makesAVolumeAnewThatWasMadeForAnotherInstance(t *testing.T) {
	w := newRegion(t, workers()...)
	w.crashAt = 1
	if _, err := w.look(); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	w.copyOf(types.VolumeStateAvailable, map[string]string{lineage.Source: "snap-2", lineage.Instance: "i-1"})
	w.settle()
	if diff := cmp.Diff(restored, w.where()); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
	if !slices.Contains(w.changes, "delete vol-02") {
		t.Errorf("the volume for another instance is left over: %v", w.changes)
	}
}

func TestAdvance_isNotDoneWhileAVolumeIsAttaching(t *testing.T) {
	w := newRegion(t, workers()...)
	for range 2 {
		if _, err := w.look(); err != nil {
			t.Fatal(err)
		}
		if len(w.where()) == 0 {
			w.tick()
		}
	}
	if got, err := w.look(); err != nil || got.Done || len(w.where()) != 4 {
		t.Errorf("Advance = %+v, %v with %d volumes attaching; want pending", got, err, len(w.where()))
	}
}

func TestAdvance_triesAVolumeOnceMoreThatEC2TookBack(t *testing.T) {
	w := newRegion(t, workers()...)
	if _, err := w.look(); err != nil {
		t.Fatal(err)
	}
	w.vanish()
	w.settle()
	if diff := cmp.Diff(restored, w.where()); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
}

func TestAdvance_stopsForGoodWhenEC2TakesEveryVolumeBack(t *testing.T) {
	w := newRegion(t, workers()...)
	var err error
	for looks := 0; err == nil && looks < 10; looks++ {
		_, err = w.look()
		w.vanish()
	}
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), "key") {
		t.Errorf("error %v; want a permanent one that says why", err)
	}
}
