package snapshots

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/step/restorevolumes"
)

const next = "eu-west-1"

func TestRotation_followsTheSideThatServes(t *testing.T) {
	cloud := simulated.Start(t)
	for _, region := range []string{simulated.Primary, simulated.Recovery, next} {
		cloud.CreateKey(t, region, "alias/pilotlight")
	}
	t.Run("there and back", func(t *testing.T) { thereAndBack(newScene(t, cloud, 1)) })
	t.Run("to the next region", func(t *testing.T) { toTheNext(newScene(t, cloud, 1)) })
	t.Run("without the other side", func(t *testing.T) { withoutTheOther(newScene(t, cloud, 1)) })
	t.Run("without the side that serves", func(t *testing.T) { withoutTheServing(newScene(t, cloud, 1)) })
}

// turn has users sent to a side. The input stays as it is.
func (s *scene) turn(to run.Side) {
	s.cloud.Side = to
	s.t.Cleanup(func() { s.cloud.Side = "" })
}

// failOver brings the volumes back in the recovery region with the step that does
// so in a run, to a server that launch-instances would have started.
func (s *scene) failOver() {
	t := s.t
	t.Helper()
	s.recovery.Instance(s.recovery.Image(s.input.Plan+"-server"), map[string]string{"Name": s.input.Plan})
	kind := restorevolumes.New(s.cloud.Config(simulated.Recovery))
	r := step.Run{
		Plan: s.input.Plan, ID: s.input.Plan + "-1", Step: "restore", Primary: simulated.Primary, Recovery: simulated.Recovery,
		Pins: run.Pins{"data": copied(s)},
	}
	for range 5 {
		progress, err := kind.Advance(t.Context(), r, plan.RestoreVolumes{Policy: "data", AttachTo: s.input.Plan})
		if err != nil {
			t.Fatal(err)
		}
		if progress.Done {
			s.turn(run.RecoverySide)
			return
		}
	}
	t.Fatal("the volumes were not restored")
}

func thereAndBack(s *scene) {
	t := s.t
	s.pass()
	s.pass()
	for _, c := range s.copies() {
		if own := lineage.Own(tagged.Of(c.Tags)); !maps.Equal(own, s.input.Policy.Volumes.Tags) {
			t.Errorf("copy %s has the tags %v of its volume's", aws.ToString(c.SnapshotId), own)
		}
	}
	s.failOver()

	if result, _ := s.pass(); result.Taken != 1 || result.Copied != 0 {
		t.Errorf("first pass on the recovery side: %+v", result)
	}
	if result, _ := s.pass(); result.Taken != 0 || result.Copied != 2 {
		t.Errorf("second pass on the recovery side: %+v", result)
	}
	own, copies := ebs.Divide(points(s.recovery.Snapshots(lineage.Plan, s.input.Plan), simulated.Recovery))
	back := s.back(simulated.Primary)
	if len(own) != 2 || len(copies) != 2 || len(back) != 2 {
		t.Fatalf("%d taken and %d copies in the recovery region, %d copied back", len(own), len(copies), len(back))
	}
	var devices []string
	for _, c := range back {
		devices = append(devices, c.Device)
		if c.Plain || c.SetSize != 2 || !slices.ContainsFunc(own, func(o lineage.Point) bool { return o.ID == c.Source && o.Origin == c.Origin }) {
			t.Errorf("copy %+v is of none of %+v", c, own)
		}
	}
	if slices.Sort(devices); !slices.Equal(devices, []string{"/dev/sdf", "/dev/sdg"}) {
		t.Errorf("devices %v", devices)
	}
	if result, calls := s.pass(); result.Taken+result.Copied+result.Marked != 0 {
		t.Errorf("third pass on the recovery side: %+v after %v", result, calls)
	}

	s.turn(run.PrimarySide)
	s.jump(31 * time.Minute)
	if result, _ := s.pass(); result.Taken != 1 {
		t.Errorf("back in standby: %+v", result)
	}
	if result, _ := s.pass(); result.Copied != 2 {
		t.Errorf("back in standby, then: %+v", result)
	}
	s.retiresBothWays()
}

// retiresBothWays lets time pass in standby: of each direction and region the
// newest set stays, and no more.
func (s *scene) retiresBothWays() {
	t := s.t
	for range 3 {
		for range 3 {
			s.pass()
		}
		s.jump(25 * time.Hour)
	}
	for range 3 {
		s.pass()
	}
	for region, w := range map[string]simulated.Workload{simulated.Primary: s.primary, simulated.Recovery: s.recovery} {
		own, copies := ebs.Divide(points(w.Snapshots(lineage.Plan, s.input.Plan), region))
		foreign := copies // of the other direction
		if region == simulated.Recovery {
			foreign = own
		}
		if len(foreign) != 2 || !lineage.Groups(foreign)[0].Usable() {
			t.Errorf("%s: %d points of the other direction are left, want its newest set", region, len(foreign))
		}
		if all := len(own) + len(copies); all < 4 || all > 8 {
			t.Errorf("%s: %d points are left", region, all)
		}
	}
}

// back are the copies that a region holds.
func (s *scene) back(region string) []lineage.Point {
	_, copies := ebs.Divide(points(s.cloud.Workload(s.t, region).Snapshots(lineage.Plan, s.input.Plan), region))
	return copies
}

func toTheNext(s *scene) {
	t := s.t
	s.input.Next = next
	s.pass()
	s.pass()
	s.failOver()
	s.pass()
	if result, _ := s.pass(); result.Copied != 2 {
		t.Errorf("on the recovery side: %+v", result)
	}
	if there, back := s.back(next), s.back(simulated.Primary); len(there) != 2 || len(back) != 0 {
		t.Errorf("%d copies in %s and %d in %s", len(there), next, len(back), simulated.Primary)
	}
	s.cloud.Hang(simulated.Primary, true) // which the next region stands in for
	defer s.cloud.Hang(simulated.Primary, false)
	s.rotation = New(s.cloud.Impatient("eu-central-1"), s.cloud)
	s.jump(31 * time.Minute)
	if result, _, err := s.try(); result.Taken != 1 || err != nil || len(result.Problems) != 1 {
		t.Errorf("without the primary region: %+v, error %v", result, err)
	}
}

const (
	silentOther   = "us-east-1 does not answer: what is missing there is not copied, and nothing is retired; the next pass tries again"
	silentServing = "us-east-1 does not answer: nothing there is taken, copied or retired; the next pass tries again"
)

// While the recovery side serves, the primary one may be gone: points are taken and
// retired all the same, and no message comes back.
func withoutTheOther(s *scene) {
	t := s.t
	s.pass()
	s.pass()
	s.failOver()
	s.cloud.Hang(simulated.Primary, true)
	defer s.cloud.Hang(simulated.Primary, false)
	s.rotation = New(s.cloud.Impatient("eu-central-1"), s.cloud)
	s.input.Policy.RPO = plan.Duration(96 * time.Hour) // while it is broken, one more would stay
	var taken, marked, deleted int
	for i := range 4 {
		result, _, err := s.try()
		if err != nil || result.Copied != 0 || !slices.Equal(result.Problems, []string{silentOther}) {
			t.Errorf("result %+v, error %v", result, err)
		}
		if i > 0 && result.Waiting != 2 { // the newest set of two volumes
			t.Errorf("%d copies wait", result.Waiting)
		}
		taken, marked, deleted = taken+result.Taken, marked+result.Marked, deleted+result.Deleted
		s.jump(25 * time.Hour)
	}
	if taken != 4 || marked == 0 || deleted == 0 {
		t.Errorf("%d sets taken, %d points marked, %d deleted", taken, marked, deleted)
	}
	s.noMessageFails()
	pass := s.begun()
	sources, err := Inspect(t.Context(), s.cloud.Impatient("eu-central-1"), pass)
	want := []protect.Source{{Policy: "data", ID: sources[0].ID, GiB: 40, Problem: "us-east-1 does not answer, so nobody knows which recovery points are there", Unseen: true}}
	if diff := cmp.Diff(want, sources); err != nil || diff != "" {
		t.Errorf("error %v, sources (-want +got):\n%s", err, diff)
	}
}

// noMessageFails hands the policy to the function as a message of its queue.
func (s *scene) noMessageFails() {
	t := s.t
	t.Helper()
	body, err := json.Marshal(s.input)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"messageId": "m-1", "eventSource": "aws:sqs", "body": string(body)}}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := protect.RotateSnapshots.Queued(s.rotation.Handle)(t.Context(), batch)
	if err != nil || answer.Failed == nil || len(answer.Failed) != 0 {
		t.Errorf("failed messages %+v, error %v", answer.Failed, err)
	}
}

// What has arrived is retired while the side that serves does not answer.
func withoutTheServing(s *scene) {
	t := s.t
	for range 3 {
		s.pass()
		s.pass()
		s.jump(31 * time.Minute)
	}
	before := len(s.copies())
	s.cloud.Hang(simulated.Primary, true)
	defer s.cloud.Hang(simulated.Primary, false)
	s.rotation = New(s.cloud.Impatient("eu-central-1"), s.cloud)
	first, _, err := s.try()
	if err != nil || first.Marked == 0 || !slices.Equal(first.Problems, []string{silentServing}) {
		t.Errorf("result %+v, error %v", first, err)
	}
	s.jump(25 * time.Hour)
	if second, _, _ := s.try(); second.Deleted == 0 || len(s.copies()) >= before {
		t.Errorf("a day later: %+v, %d copies of %d", second, len(s.copies()), before)
	}
	s.cloud.Hang(simulated.Recovery, true)
	if third, _, err := s.try(); err == nil || len(third.Problems) != 0 {
		t.Errorf("with both regions silent: %+v, error %v", third, err)
	}
	s.cloud.Hang(simulated.Recovery, false)
	sources, err := Inspect(t.Context(), s.cloud.Impatient("eu-central-1"), s.begun())
	if err != nil || len(sources) != 1 || sources[0].ID != s.workers[0] || sources[0].Newest.IsZero() || sources[0].GiB != 40 || sources[0].Problem == "" {
		t.Fatalf("sources %+v, error %v", sources, err)
	}
	if !strings.HasSuffix(sources[0].Problem, ": us-east-1 does not answer, so nothing new comes from there") {
		t.Errorf("problem %q", sources[0].Problem)
	}
}

// begun is a pass that has looked at nothing yet.
func (s *scene) begun() protect.Pass {
	s.t.Helper()
	raw, err := json.Marshal(s.input)
	if err != nil {
		s.t.Fatal(err)
	}
	pass, err := protect.RotateSnapshots.Begin(s.t.Context(), s.cloud, raw)
	if err != nil {
		s.t.Fatal(err)
	}
	return pass
}
