package snapshots

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

func TestRotation_ofAPolicyWithALock(t *testing.T) {
	cloud := simulated.Start(t)
	cloud.CreateKey(t, simulated.Recovery, "alias/pilotlight")
	t.Run("keeps a locked copy, and deletes it after the lock ended", func(t *testing.T) { survives(newScene(t, cloud, 1)) })
	t.Run("lets the locks of a policy that has none any more run out", func(t *testing.T) { runsOut(newScene(t, cloud, 1)) })
}

const day = 24 * time.Hour

// rotate makes a new set: it is taken, copied, and seen to have arrived.
func (s *scene) rotate() {
	s.t.Helper()
	for range 3 {
		s.pass()
	}
}

// locked rotates once under a lock of three days and answers the copies.
func (s *scene) locked() map[string]bool {
	s.t.Helper()
	s.input.Policy.Lock = &plan.Lock{Mode: plan.Compliance, For: plan.Duration(3 * day)}
	s.rotate()
	ids := map[string]bool{}
	for _, c := range s.copies() {
		ids[aws.ToString(c.SnapshotId)] = true
		_, err := s.recovery.EC2.DeleteSnapshot(s.t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: c.SnapshotId})
		if failure.Code(err) != "OperationNotPermitted" {
			s.t.Errorf("an intruder deletes %s: %v", aws.ToString(c.SnapshotId), err)
		}
	}
	if len(ids) != 2 {
		s.t.Fatalf("%d copies, want a set of two", len(ids))
	}
	return ids
}

// left are those of the copies that are still there, and how many are marked.
func (s *scene) left(ids map[string]bool) (left []types.Snapshot, marked int) {
	for _, c := range s.copies() {
		if ids[aws.ToString(c.SnapshotId)] {
			left = append(left, c)
			if tagged.Of(c.Tags)[lineage.Retire] != "" {
				marked++
			}
		}
	}
	return left, marked
}

func survives(s *scene) {
	t := s.t
	first := s.locked()
	for range 2 {
		s.jump(day)
		s.rotate()
		if left, marked := s.left(first); len(left) != 2 || marked != 0 {
			t.Errorf("%d copies are left and %d are marked while they are locked", len(left), marked)
		}
	}
	s.saysUntilWhen(first)
	if got := len(s.copies()); got != 6 {
		t.Errorf("%d copies, want three sets of two, all locked", got)
	}
	s.jump(day)
	s.rotate()
	if left, marked := s.left(first); len(left) != 2 || marked != 2 {
		t.Errorf("%d copies are left and %d are marked when their lock has ended", len(left), marked)
	}
	s.jump(day + time.Hour)
	s.rotate()
	if left, _ := s.left(first); len(left) != 0 {
		t.Errorf("%d copies are left a day after their lock", len(left))
	}
}

// saysUntilWhen looks at the verdicts as an operator does.
func (s *scene) saysUntilWhen(ids map[string]bool) {
	s.t.Helper()
	s.cloud.Calls()
	verdicts, err := Explain(s.t.Context(), s.cloud.Config("eu-central-1"), protect.Pass{
		Input: s.input, From: protect.Site{Region: simulated.Primary}, To: protect.Site{Region: simulated.Recovery}, Now: s.cloud.Clock.Now().UTC(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	said := 0
	for _, v := range verdicts {
		if ids[v.Point.ID] && strings.HasPrefix(v.Reason, "kept until 2") && strings.HasSuffix(v.Reason, "is locked until then") {
			said++
		}
	}
	if said != len(ids) {
		s.t.Errorf("of %d locked copies %d say so: %+v", len(ids), said, verdicts)
	}
	for _, call := range s.cloud.Calls() {
		if !strings.HasPrefix(call, "Describe") {
			s.t.Errorf("who only looks calls %s", call)
		}
	}
}

func runsOut(s *scene) {
	t := s.t
	first := s.locked()
	s.input.Policy.Lock = nil
	s.jump(time.Hour)
	s.rotate()
	s.jump(day + time.Hour)
	s.rotate()
	if left, _ := s.left(first); len(left) != 2 {
		t.Errorf("%d copies are left while AWS keeps them", len(left))
	}
	s.jump(2 * day)
	s.rotate()
	if left, _ := s.left(first); len(left) != 0 {
		t.Errorf("%d copies are left after their lock", len(left))
	}
}
