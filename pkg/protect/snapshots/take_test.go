package snapshots

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
)

// Instances are listed in an order of EC2's: who is last in it must have a turn, too.
func takesWhatWaitedLongestFirst(s *scene) {
	t := s.t
	taken := func(at time.Time) map[string]bool {
		instances := map[string]bool{}
		for _, snapshot := range s.primary.Snapshots(lineage.Plan, s.input.Plan) {
			if !aws.ToTime(snapshot.StartTime).Before(at) {
				instances[point(snapshot, s.input.Primary).Instance] = true
			}
		}
		return instances
	}
	s.cloud.Refuse("CreateSnapshots", protect.SnapshotsFull, 2)
	result, _ := s.pass()
	if result.Taken != 2 || result.Waiting != 1 || len(result.Problems) != 1 || !strings.HasPrefix(result.Problems[0], "us-east-1 holds as many snapshots as EC2 allows") {
		t.Errorf("with room for two: %+v", result)
	}
	first := taken(time.Time{})
	s.jump(31 * time.Minute)
	began := s.cloud.Clock.Now().Add(-time.Minute)
	s.cloud.Refuse("CreateSnapshots", protect.SnapshotsFull, 1)
	if result, _ = s.pass(); result.Taken != 1 {
		t.Errorf("with room for one: %+v", result)
	}
	s.cloud.Refuse("CreateSnapshots", "", 0)
	for instance := range taken(began) {
		if first[instance] {
			t.Errorf("%s is taken again, and one of %v was never", instance, s.workers)
		}
	}
}
