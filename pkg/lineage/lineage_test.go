package lineage

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestTagged_readsBackWhatACopyWasTaggedWith(t *testing.T) {
	source := Point{
		ID: "snap-1", Policy: "data", Set: "i-1-x", SetSize: 2, Origin: "vol-1",
		Instance: "i-1", Device: "/dev/sdf", Under: "alias/dr", TakenAt: noon, State: Complete,
	}
	got := Point{ID: "snap-2", State: Pending}.Tagged(CopyTags("storefront", source))
	want := source
	want.ID, want.Source, want.State = "snap-2", "snap-1", Pending
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("copy (-want +got):\n%s", diff)
	}
}

func TestTagged_leavesAFieldAloneWhenItsTagCannotBeRead(t *testing.T) {
	p := Point{ID: "snap-1", TakenAt: noon}
	if got := p.Tagged(map[string]string{Retire: "soon", TakenAt: "yesterday", Size: "many"}); !cmp.Equal(got, p) {
		t.Errorf("got %+v", got)
	}
}

func TestGroups_isUsableOnlyWhenEveryVolumeOfTheSetIsThere(t *testing.T) {
	point := func(id, volume string, state State) Point {
		return Point{ID: id, Set: "a", SetSize: 2, Instance: "i-1", Origin: volume, TakenAt: noon, State: state}
	}
	for name, tt := range map[string]struct {
		points []Point
		want   bool
	}{
		"whole":                     {[]Point{point("1", "vol-1", Complete), point("2", "vol-2", Complete)}, true},
		"half":                      {[]Point{point("1", "vol-1", Complete)}, false},
		"the same half twice":       {[]Point{point("1", "vol-1", Complete), point("2", "vol-1", Complete)}, false},
		"one half pending":          {[]Point{point("1", "vol-1", Complete), point("2", "vol-2", Pending)}, false},
		"a failed point made again": {[]Point{point("1", "vol-1", Complete), point("2", "vol-2", Failed), point("3", "vol-2", Complete)}, true},
		"all failed":                {[]Point{point("1", "vol-1", Failed), point("2", "vol-2", Failed)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			groups := Groups(tt.points)
			if len(groups) != 1 || groups[0].Usable() != tt.want {
				t.Errorf("groups %+v, want one, usable: %v", groups, tt.want)
			}
		})
	}
}

func TestGroups_comesNewestFirstAndTakesItsOldestTime(t *testing.T) {
	groups := Groups([]Point{
		{ID: "1", Set: "old", Instance: "i", Origin: "vol-1", TakenAt: noon.Add(-time.Hour), State: Complete},
		{ID: "2", Set: "new", Instance: "i", Origin: "vol-1", TakenAt: noon, State: Complete},
		{ID: "3", Set: "new", Instance: "i", Origin: "vol-2", TakenAt: noon.Add(-time.Second), State: Complete},
		{ID: "4", Policy: "web", TakenAt: noon.Add(-2 * time.Hour), State: Complete},
	})
	var ids []string
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	if diff := cmp.Diff([]string{"new", "old", "4"}, ids); diff != "" {
		t.Fatalf("groups (-want +got):\n%s", diff)
	}
	if !groups[0].TakenAt.Equal(noon.Add(-time.Second)) || groups[2].Subject != "web" {
		t.Errorf("new was taken at %s, the image is of %q", groups[0].TakenAt, groups[2].Subject)
	}
}
