package ebs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// region is a recovery region that lists what it is given, and a kind that notes
// the copies that it is asked for. Both fail on everything else.
type region struct {
	Region
	Kind
	pending []types.Snapshot
	refuses string  // code, for a copy that names a duration
	silent  bool    // it answers no copy
	asked   []int32 // minutes
	tags    map[string]string
}

func (r *region) DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	return &ec2.DescribeSnapshotsOutput{Snapshots: r.pending}, nil
}

func (r *region) Copy(_ context.Context, _ lineage.Point, within int32, tags map[string]string) error {
	r.asked, r.tags = append(r.asked, within), tags
	if r.silent {
		return context.DeadlineExceeded
	}
	if within > 0 && r.refuses != "" {
		return &smithy.GenericAPIError{Code: r.refuses}
	}
	return nil
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// behind is a pass whose one volume breaks its RPO in an hour, and took four for
// its last copy.
func behind(r *region) (*Pass, backlog.Copies) {
	source := lineage.Point{
		ID: "snap-2", Set: "b", SetSize: 1, Policy: "data", Instance: "i-1", Origin: "vol-1", SizeGiB: 500,
		TakenAt: noon.Add(-time.Hour), State: lineage.Complete,
	}
	before := source
	before.ID, before.Source, before.Set, before.TakenAt = "snap-1c", "snap-1", "a", noon.Add(-5*time.Hour)
	before.Started, before.Done = before.TakenAt, before.TakenAt.Add(4*time.Hour)
	older := before
	older.ID, older.Source, older.Set, older.TakenAt = "snap-0c", "snap-0", "z", noon.Add(-9*time.Hour)
	policy := backlog.Policy{Every: 4 * time.Hour, RPO: 6 * time.Hour}
	begun := protect.Pass{Now: noon, Input: protect.Input{Plan: "storefront", Policy: plan.Policy{
		Name: "data", Volumes: &plan.Selector{Tags: map[string]string{"tier": "data"}},
	}}}
	p := Within(begun, func(protect.Site) Region { return r }, func(*Pass) Kind { return r })
	return p, backlog.Missing([]lineage.Point{source}, []lineage.Point{before, older}, policy, noon)
}

func TestCopy_asksForTheDurationThatSavesTheRPO(t *testing.T) {
	for code, want := range map[string][]int32{
		"":                      {60},
		"InvalidParameterValue": {60, 0}, // late is better than not at all
		"ResourceLimitExceeded": {60},    // a slot is what lacks: later
	} {
		r := &region{refuses: code}
		p, missing := behind(r)
		to := &side{}
		if err := p.copy(t.Context(), to, missing, nil); err != nil {
			t.Errorf("refused with %q: %v", code, err)
		}
		if diff := cmp.Diff(want, r.asked); diff != "" {
			t.Errorf("refused with %q: durations asked for (-want +got):\n%s", code, diff)
		}
		if got := to.done; got.Copied+got.Waiting != 1 {
			t.Errorf("refused with %q: %+v, want the copy begun or waiting", code, got)
		}
	}
}

func TestRoom_countsEveryCopyInFlightWhoeverBeganIt(t *testing.T) {
	tags := func(plan string) []types.Tag {
		return tagged.On(types.ResourceTypeSnapshot, map[string]string{lineage.Plan: plan, lineage.Policy: "data", lineage.Source: "snap-0"}).Tags
	}
	r := &region{pending: []types.Snapshot{
		{VolumeId: aws.String("vol-1")}, // taken here: no copy
		{Tags: tags("storefront"), VolumeSize: aws.Int32(100)},
		{Tags: tags("another")},
		{TransferType: types.TransferTypeStandard},
		{VolumeId: aws.String("vol-ffffffff")},
		{Tags: tags("storefront"), TransferType: types.TransferTypeTimeBased, VolumeSize: aws.Int32(4000), CompletionDurationMinutes: aws.Int32(15)},
	}}
	p, _ := behind(r)
	got, err := p.room(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := backlog.Room{Slots: backlog.Slots - 3, Free: backlog.Slots - 5, Speed: backlog.Together - backlog.Speed}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("room (-want +got):\n%s", diff)
	}
}

func TestCopy_leavesWhatHasNoSlotInTheBacklog(t *testing.T) {
	r := &region{}
	for range backlog.Slots {
		r.pending = append(r.pending, types.Snapshot{TransferType: types.TransferTypeStandard})
	}
	p, missing := behind(r)
	to := &side{}
	if err := p.copy(t.Context(), to, missing, nil); err != nil || len(r.asked) != 0 {
		t.Errorf("error %v, %d copies asked for", err, len(r.asked))
	}
	if diff := cmp.Diff(protect.Result{Waiting: 1}, to.done); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if !missing.Outstanding["snap-2"] || !strings.HasPrefix(missing.Wanted[0].ID, "snap-2") {
		t.Error("the point that waits is not held on to")
	}
}

func TestCopy_waitsUntilAnImageHasASlotForEachOfItsDisks(t *testing.T) {
	for disks, want := range map[int]int{2: 1, 3: 0} {
		r := &region{}
		for range backlog.Slots - 2 {
			r.pending = append(r.pending, types.Snapshot{TransferType: types.TransferTypeStandard})
		}
		p, missing := behind(r)
		missing.Wanted[0].Parts = make([]string, disks)
		to := &side{}
		if err := p.copy(t.Context(), to, missing, nil); err != nil || to.done.Copied != want || to.done.Waiting != 1-want {
			t.Errorf("%d disks and two slots: error %v, result %+v", disks, err, to.done)
		}
	}
}

func TestCopy_beginsACopyWithoutTheTagsThatDoNotFitAndSaysSo(t *testing.T) {
	r := &region{}
	p, missing := behind(r)
	own := map[string]string{"tier": "data"}
	for i := range 40 {
		own[fmt.Sprintf("key-%02d", i)] = "value"
	}
	missing.Wanted[0].Tags = own
	to := &side{}
	if err := p.copy(t.Context(), to, missing, nil); err != nil || to.done.Copied != 1 {
		t.Fatalf("error %v, result %+v", err, to.done)
	}
	if len(r.tags) != 47 || r.tags["tier"] != "data" || r.tags[lineage.Source] != "snap-2" {
		t.Errorf("%d tags: %v", len(r.tags), r.tags)
	}
	want := []string{"vol-1 has more tags than the 39 that a copy carries: key-38, key-39 stay behind; take some off that nobody needs"}
	if diff := cmp.Diff(want, to.done.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A region that dies in the middle of a pass costs one call, and not one a copy.
func TestCopy_stopsAtARegionThatAnswersNoMore(t *testing.T) {
	r := &region{silent: true}
	p, missing := behind(r)
	for _, id := range []string{"snap-3", "snap-4"} {
		another := missing.Wanted[0]
		another.ID, another.Origin, another.Instance = id, "vol of "+id, "i of "+id
		missing.Wanted = append(missing.Wanted, another)
	}
	to := &side{}
	if err := p.copy(t.Context(), to, missing, nil); err == nil || len(r.asked) != 1 {
		t.Errorf("error %v after %d calls", err, len(r.asked))
	}
}
