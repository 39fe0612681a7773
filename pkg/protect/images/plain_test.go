package images

import (
	"slices"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// A policy is given a key when bare copies are there: they count no more, the
// newest image is copied again at once, and pointers turn to it.
func TestRefresh_copiesAgainUnderTheKeyThatThePolicyWasGiven(t *testing.T) {
	cloud := simulated.Start(t)
	cloud.CreateKey(t, simulated.Recovery, "alias/pilotlight")
	s := newScene(t, cloud)
	s.input.Policy.Key = ""
	for range 3 {
		s.pass()
	}
	bare := imageOf(s.template())

	s.input.Policy.Key = "alias/pilotlight"
	if result, _ := s.pass(); result.Copied != 1 || result.Pointed != 0 || result.Marked+result.Deleted != 0 {
		t.Errorf("with a key: %+v", result)
	}
	if result, _ := s.pass(); result.Copied != 0 || result.Pointed != 2 {
		t.Errorf("once it has arrived: %+v", result)
	}
	_, copies := s.there(simulated.Recovery)
	now := slices.IndexFunc(copies, func(p lineage.Point) bool { return p.ID == imageOf(s.template()) })
	was := slices.IndexFunc(copies, func(p lineage.Point) bool { return p.ID == bare })
	if now < 0 || was < 0 || copies[now].Plain || !copies[was].Plain || copies[now].Source != copies[was].Source {
		t.Errorf("copies %+v, the template points at %s", copies, imageOf(s.template()))
	}
}
