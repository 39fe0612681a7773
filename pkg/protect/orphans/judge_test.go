package orphans

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// The volume of a gateway is none of EC2's, and the tool that snapshots it deletes
// what it took when it likes.
func TestJudge_callsNoCopyOfAnotherToolsAnOrphanWhileTheToolGoesOn(t *testing.T) {
	copied := lineage.Point{ID: "snap-copy", Policy: "scans", Source: "snap-1", Origin: "vol-gateway", Instance: "vol-gateway", State: lineage.Complete}
	search := Search{Plan: "almanac", Policies: []string{"scans"}}
	for name, c := range map[string]struct {
		exists []string
		want   int
	}{
		"its source is there":          {[]string{"snap-1"}, 0},
		"a newer one of the volume is": {[]string{adopted("vol-gateway")}, 0},
		"neither is":                   {nil, 1},
	} {
		seen := world{points: []lineage.Point{copied}, exists: map[string]bool{}}
		for _, id := range c.exists {
			seen.exists[id] = true
		}
		if found := search.judge(seen); len(found) != c.want {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
