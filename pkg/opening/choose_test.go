package opening_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/opening"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestNewest_neverUsesHalfASet(t *testing.T) {
	for name, c := range map[string]struct {
		points []lineage.Point
		want   []string
	}{
		"nothing is there":                   {nil, nil},
		"the newest set is whole":            {append(pair("old", "i-1", 2*time.Hour), pair("new", "i-1", time.Hour)...), []string{"snap-newf", "snap-newg"}},
		"the newest set is still copied":     {append(pair("old", "i-1", 2*time.Hour), volume("new", "i-1", "f", time.Hour, lineage.Complete), volume("new", "i-1", "g", time.Hour, lineage.Pending)), []string{"snap-oldf", "snap-oldg"}},
		"half of the newest set has failed":  {append(pair("old", "i-1", 2*time.Hour), volume("new", "i-1", "f", time.Hour, lineage.Complete), volume("new", "i-1", "g", time.Hour, lineage.Failed)), []string{"snap-oldf", "snap-oldg"}},
		"half of the newest set is missing":  {append(pair("old", "i-1", 2*time.Hour), volume("new", "i-1", "f", time.Hour, lineage.Complete)), []string{"snap-oldf", "snap-oldg"}},
		"only halves of two sets are there":  {[]lineage.Point{volume("old", "i-1", "f", 2*time.Hour, lineage.Complete), volume("new", "i-1", "g", time.Hour, lineage.Complete)}, nil},
		"two instances, each with its own":   {append(pair("b", "i-2", 2*time.Hour), pair("a", "i-1", time.Hour)...), []string{"snap-af", "snap-ag", "snap-bf", "snap-bg"}},
		"the newest image is whole":          {[]lineage.Point{image("ami-old", 48*time.Hour, lineage.Complete), image("ami-new", time.Hour, lineage.Complete)}, []string{"ami-new"}},
		"the newest image is being copied":   {[]lineage.Point{image("ami-old", 48*time.Hour, lineage.Complete), image("ami-new", time.Hour, lineage.Pending)}, []string{"ami-old"}},
		"the only image could not be copied": {[]lineage.Point{image("ami-new", time.Hour, lineage.Failed)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ids(opening.Newest(c.points))); diff != "" {
				t.Errorf("chosen (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandler_asOfAMomentPinsWhatIsOlderOrSaysWhatThereIs(t *testing.T) {
	r := &region{points: map[string][]lineage.Point{"data": append(pair("old", "i-1", 3*time.Hour), pair("new", "i-1", time.Hour)...)}}
	for ago, want := range map[time.Duration]string{30 * time.Minute: "snap-newf", time.Hour: "snap-oldf", 2 * time.Hour: "snap-oldf"} {
		book := ordered(t, run.Unplanned, noon.Add(-ago))
		if _, err := open(t, book, r, asks("data")); err != nil {
			t.Fatal(err)
		}
		if got := pinned(t, book)["data"]; got[0] != want {
			t.Errorf("as of %s ago: pinned %v, want %s", ago, got, want)
		}
	}
	_, err := open(t, ordered(t, run.Unplanned, noon.Add(-4*time.Hour)), r, asks("data"))
	const says = "no usable recovery point from before 2026-11-22T08:00:00Z: its usable ones were taken from 2026-11-22T09:00:00Z to 2026-11-22T11:00:00Z"
	if failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), says) {
		t.Errorf("%v; want %q", err, says)
	}
}

// After a failback the recovery region holds three reigns: copies of the first, what
// it took itself while it served, and copies of the servers that serve now.
func TestNewest_isOfTheServersThatServedLast(t *testing.T) {
	copies := func(points []lineage.Point) []lineage.Point {
		for i := range points {
			points[i].Source = "snap-there"
		}
		return points
	}
	first, own := copies(pair("first", "i-1", 5*time.Hour)), pair("own", "i-9", 3*time.Hour)
	now := append(copies(pair("now", "i-5", 2*time.Hour)), copies(pair("now2", "i-6", time.Hour))...)
	for name, c := range map[string]struct {
		points []lineage.Point
		want   []string
	}{
		"once it was failed back":       {append(append(first, own...), now...), []string{"snap-now2f", "snap-now2g", "snap-nowf", "snap-nowg"}},
		"before its first points since": {append(first, own...), []string{"snap-ownf", "snap-owng"}},
	} {
		if diff := cmp.Diff(c.want, ids(opening.Newest(c.points))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
