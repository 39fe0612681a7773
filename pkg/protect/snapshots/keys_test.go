package snapshots

import (
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
)

// Nothing is begun that a key would fail, and nothing of it is lost.
func waitsForAKey(s *scene) {
	t := s.t
	s.pass()
	s.input.Policy.Key = "alias/gone"
	for range 2 {
		result, calls, err := s.try()
		if err == nil || !strings.Contains(err.Error(), "destination key alias/gone in us-west-2: there is no such key") || failure.ClassOf(err) != failure.Permanent {
			t.Errorf("error %v", err)
		}
		if result.Copied != 0 || result.Waiting != 2 || slices.Contains(calls, "CopySnapshot us-west-2") {
			t.Errorf("result %+v, calls %v", result, calls)
		}
	}
	s.input.Policy.Key = "alias/pilotlight"
	if result, _ := s.pass(); result.Copied != 2 || result.Waiting != 0 {
		t.Errorf("with a key: %+v", result)
	}
	checkCopies(s)
}

// Each volume is announced until its first copy under the other key has arrived.
func announcesAnotherKey(s *scene) {
	t := s.t
	s.pass()
	s.pass()
	s.jump(31 * time.Minute)
	s.pass()
	s.cloud.CreateKey(t, simulated.Recovery, "alias/other")
	s.input.Policy.Key = "alias/other"
	result, _ := s.pass()
	want := []string{"the key of policy data changed from alias/pilotlight to alias/other: the next copies are full, 2 volumes, 40 GiB"}
	if diff := cmp.Diff(want, result.Announced); diff != "" || result.Copied != 2 {
		t.Errorf("%d copied, announced (-want +got):\n%s", result.Copied, diff)
	}
	s.jump(31 * time.Minute)
	s.pass()
	if result, calls := s.pass(); result.Copied != 2 || result.Announced != nil || slices.Contains(calls, "DescribeKey us-west-2") {
		t.Errorf("the next copies: %+v, calls %v", result, calls)
	}
}
