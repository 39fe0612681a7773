package ebs

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/retention"
)

// shelf is a region whose volumes are being created from some snapshots, and a
// kind that notes what it is told to delete. Both fail on everything else.
type shelf struct {
	world
	Region
	creating []string
	refuses  string
	asked    int
	deleted  []string
}

func (s *shelf) Look(ctx context.Context, at protect.Site) (Seen, error) {
	return s.world.Look(ctx, at)
}

func (s *shelf) DescribeVolumes(_ context.Context, in *ec2.DescribeVolumesInput, _ ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error) {
	s.asked++
	if s.refuses != "" {
		return nil, &smithy.GenericAPIError{Code: s.refuses}
	}
	out := &ec2.DescribeVolumesOutput{}
	for _, id := range s.creating {
		out.Volumes = append(out.Volumes, types.Volume{SnapshotId: aws.String(id)})
	}
	return out, nil
}

func (s *shelf) CreateTags(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error) {
	return &ec2.CreateTagsOutput{}, nil
}

func (s *shelf) InUse(context.Context, protect.Site, []lineage.Point, *protect.Result) (map[string]bool, error) {
	return nil, nil
}

func (s *shelf) Delete(_ context.Context, _ protect.Site, point lineage.Point) error {
	s.deleted = append(s.deleted, point.ID)
	return nil
}

// due is a point whose grace is over.
func due(p *lineage.Point) { p.Retire = noon }

func (s *shelf) pass() *Pass {
	p := passOver(s)
	p.in = func(protect.Site) Region { return s }
	return p
}

func TestRetire_leavesWhatAVolumeIsBeingMadeFrom(t *testing.T) {
	copies := []lineage.Point{
		at("new", time.Hour), at("old", 24*time.Hour, due), at("restored", 25*time.Hour, due),
		at("launched", 26*time.Hour, due, func(p *lineage.Point) { p.Parts = []string{"disk-1", "disk-2"} }),
	}
	s := &shelf{creating: []string{"restored", "disk-2", "of another policy"}}
	to := &side{Site: protect.Site{Region: "us-west-2"}, Seen: Seen{Copies: copies}}
	if err := s.pass().retire(t.Context(), to, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.deleted, []string{"old"}) || to.done.Deleted != 1 || s.asked != 1 {
		t.Errorf("deleted %v after %d listings, result %+v", s.deleted, s.asked, to.done)
	}
}

func TestRetire_deletesNothingWhileItCannotTellWhatIsBeingRestored(t *testing.T) {
	s := &shelf{refuses: "UnauthorizedOperation"}
	to := &side{Site: protect.Site{Region: "us-west-2"}, Seen: Seen{Copies: []lineage.Point{at("new", time.Hour), at("old", 24*time.Hour, due)}}}
	if err := s.pass().retire(t.Context(), to, nil); err != nil || len(to.failed) != 1 || len(s.deleted) != 0 {
		t.Errorf("error %v, failed %v, deleted %v", err, to.failed, s.deleted)
	}
}

func TestRetire_asksForNothingWhenNothingIsToBeDeleted(t *testing.T) {
	s := &shelf{}
	to := &side{Site: protect.Site{Region: "us-west-2"}, Seen: Seen{Copies: []lineage.Point{at("new", time.Hour), at("old", 24*time.Hour)}}}
	if err := s.pass().retire(t.Context(), to, nil); err != nil || s.asked != 0 || to.done.Marked != 1 {
		t.Errorf("error %v, %d listings, result %+v", err, s.asked, to.done)
	}
}

// A policy that is given a key finds bare copies: they count no more, and the
// history that they are goes on being kept. So does the newest that does count.
func TestJudge_keepsBareCopiesAsHistoryAndTheNewestThatCounts(t *testing.T) {
	p := passOver(world{})
	p.Policy.Keep.Daily = 2
	copies := []lineage.Point{
		at("bare today", time.Hour, plain), at("bare yesterday", 25*time.Hour, plain), at("bare last week", 7*24*time.Hour, plain),
		at("encrypted long ago", 30*24*time.Hour), at("encrypted before", 31*24*time.Hour),
	}
	var kept []string
	for _, v := range p.judge(Seen{Copies: copies}, retention.Guards{}) {
		if v.Keep {
			kept = append(kept, v.Point.ID)
		}
	}
	// Of those that count alone, two days' newest are kept as well.
	if diff := cmp.Diff([]string{"bare today", "bare yesterday", "encrypted long ago", "encrypted before"}, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestMissing_copiesAgainWhatArrivedBare(t *testing.T) {
	p := passOver(world{})
	source := at("snap", time.Hour)
	bare := at("copy", time.Hour, plain, func(c *lineage.Point) { c.Source, c.Set = "snap", source.Set })
	from, to := &side{Seen: Seen{Sources: []lineage.Point{source}}}, &side{Seen: Seen{Copies: []lineage.Point{bare}}}
	if got := p.missing(from, to); len(got.Wanted) != 1 {
		t.Errorf("wanted %+v", got.Wanted)
	}
	p.Policy.Key = ""
	if got := p.missing(from, to); len(got.Wanted) != 0 {
		t.Errorf("without a key, wanted %+v", got.Wanted)
	}
}

func TestMissing_holdsOnToTheNewestSetWhileTheOtherSideIsSilent(t *testing.T) {
	p := passOver(world{})
	from := &side{Seen: Seen{Sources: []lineage.Point{at("new", time.Hour), at("old", 5*time.Hour)}}}
	got := p.missing(from, &side{err: context.DeadlineExceeded})
	if diff := cmp.Diff(map[string]bool{"new": true}, got.Outstanding); diff != "" {
		t.Errorf("outstanding (-want +got):\n%s", diff)
	}
}
