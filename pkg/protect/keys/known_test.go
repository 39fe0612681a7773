package keys

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
)

func TestCheck_asksAgainWhenAProofIsGone(t *testing.T) {
	w := want("vol-1", "arn:source")
	for name, c := range map[string]struct {
		copies []lineage.Point
		proved bool
	}{
		"a complete copy":                        {[]lineage.Point{copied("vol-1", 30*time.Minute, "alias/dr", "arn:dr", lineage.Complete)}, true},
		"a complete one, and one in flight":      {[]lineage.Point{copied("vol-1", 30*time.Minute, "alias/dr", "arn:dr", lineage.Complete), copied("vol-1", 0, "alias/dr", "arn:dr", lineage.Pending)}, true},
		"nothing":                                {nil, false},
		"one in flight":                          {[]lineage.Point{copied("vol-1", 0, "alias/dr", "arn:dr", lineage.Pending)}, false},
		"a complete one under another key":       {[]lineage.Point{copied("vol-1", 30*time.Minute, "alias/old", "arn:old", lineage.Complete)}, false},
		"a complete one, then a failed one":      {[]lineage.Point{copied("vol-1", 30*time.Minute, "alias/dr", "arn:dr", lineage.Complete), copied("vol-1", 10*time.Minute, "alias/dr", "arn:dr", lineage.Failed)}, false},
		"a failed one, then a complete one":      {[]lineage.Point{copied("vol-1", 10*time.Minute, "alias/dr", "arn:dr", lineage.Complete), copied("vol-1", 30*time.Minute, "alias/dr", "arn:dr", lineage.Failed)}, true},
		"a complete one that breaks the RPO":     {[]lineage.Point{copied("vol-1", 61*time.Minute, "alias/dr", "arn:dr", lineage.Complete)}, false},
		"one of another volume under its key":    {[]lineage.Point{copied("vol-2", 30*time.Minute, "alias/dr", "arn:dr", lineage.Complete)}, true},
		"one of a volume under a third key":      {[]lineage.Point{copied("vol-3", 30*time.Minute, "alias/dr", "arn:dr", lineage.Complete)}, false},
		"one under the key, known by other copy": {[]lineage.Point{copied("vol-2", 30*time.Minute, "alias/old", "arn:old", lineage.Complete), copied("vol-3", 20*time.Minute, "alias/dr", "arn:dr", lineage.Complete)}, true},
	} {
		sources := points(w, want("vol-2", "arn:source"), want("vol-3", "arn:third"))
		slices.Reverse(c.copies) // whatever the order
		if got := learn(aPass("alias/dr"), sources, c.copies).proved(w); got != c.proved {
			t.Errorf("%s: proved %t", name, got)
		}
	}
}

// The failed copy of a key that was disabled is deleted within minutes; what tells
// then is that nothing follows the complete one.
func TestCheck_asksAgainWhenACopyIsOverdue(t *testing.T) {
	arrived := []lineage.Point{copied("vol-1", 50*time.Minute, "alias/dr", "arn:dr", lineage.Complete)}
	for ago, proved := range map[time.Duration]bool{0: true, 14 * time.Minute: true, 16 * time.Minute: false} {
		late, other := want("vol-1", "arn:source"), want("vol-2", "arn:other")
		late.Done = noon.Add(-ago)
		k := learn(aPass("alias/dr"), points(late, other), append(arrived, copied("vol-2", 20*time.Minute, "alias/dr", "arn:dr", lineage.Complete)))
		k.distrust(noon, []backlog.Copy{late, other})
		if got := k.proved(late); got != proved || !k.sources["arn:other"] {
			t.Errorf("%s after its source was done: proved %t, sources %v", ago, got, k.sources)
		}
	}
}

func TestCheck_announcesFullCopiesWithTheirSize(t *testing.T) {
	wanted := []backlog.Copy{want("vol-1", "arn:s"), want("vol-2", "arn:s"), want("vol-3", "arn:s")}
	old := func(volume, under, arn string) lineage.Point {
		return copied(volume, 2*time.Hour, under, arn, lineage.Complete)
	}
	for name, c := range map[string]struct {
		key    string
		copies []lineage.Point
		text   string
	}{
		"first copies":             {"alias/dr", nil, ""},
		"the same key":             {"alias/dr", []lineage.Point{old("vol-1", "alias/dr", "arn:dr")}, ""},
		"the same, by ARN":         {"arn:aws:kms:us-west-2:1:key/k", []lineage.Point{old("vol-1", "", "arn:aws:kms:us-west-2:1:key/k")}, ""},
		"the same, by id":          {"k", []lineage.Point{old("vol-1", "", "arn:aws:kms:us-west-2:1:key/k")}, ""},
		"another key":              {"alias/dr", []lineage.Point{old("vol-1", "alias/old", "arn:old"), old("vol-2", "alias/old", "arn:old"), old("vol-3", "alias/old", "arn:old")}, "from alias/old to alias/dr: the next copies are full, 3 volumes, 1,500 GiB"},
		"a key for the first time": {"alias/dr", []lineage.Point{old("vol-1", "", "")}, "from none to alias/dr: the next copies are full, 1 volume, 500 GiB"},
		"the default key again":    {"", []lineage.Point{old("vol-1", "alias/old", "arn:old")}, "from alias/old to the default key of us-west-2: the next copies are full, 1 volume, 500 GiB"},
		"several keys":             {"alias/dr", []lineage.Point{old("vol-1", "alias/old", "arn:old"), old("vol-2", "", "arn:ebs")}, "from alias/old and arn:ebs to alias/dr: the next copies are full, 2 volumes, 1,000 GiB"},
		"an alias of the same key": {"alias/dr", []lineage.Point{old("vol-1", "alias/old", "arn:dr"), copied("vol-2", time.Minute, "alias/dr", "arn:dr", lineage.Pending)}, ""},
		"an alias that was turned": {"alias/dr", []lineage.Point{old("vol-1", "alias/dr", "arn:old"), copied("vol-2", time.Minute, "alias/dr", "arn:new", lineage.Pending)}, "from arn:old to arn:new: the next copies are full, 1 volume, 500 GiB"},
		"done for one of them":     {"alias/dr", []lineage.Point{old("vol-1", "alias/old", "arn:old"), copied("vol-1", time.Hour, "alias/dr", "arn:dr", lineage.Complete), old("vol-2", "alias/old", "arn:old")}, "from alias/old to alias/dr: the next copies are full, 1 volume, 500 GiB"},
	} {
		if c.text != "" {
			c.text = "the key of policy data changed " + c.text
		}
		pass := aPass(c.key)
		if diff := cmp.Diff(c.text, learn(pass, nil, c.copies).changed(pass, wanted)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
