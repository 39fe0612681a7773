package images

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func TestRefresh_followsTheSideThatServes(t *testing.T) {
	cloud := simulated.Start(t)
	for _, region := range []string{simulated.Primary, simulated.Recovery} {
		cloud.CreateKey(t, region, "alias/pilotlight")
	}
	t.Run("there and back", func(t *testing.T) { thereAndBack(newScene(t, cloud)) })
	t.Run("without the primary region", func(t *testing.T) { withoutPrimary(newScene(t, cloud)) })
}

// failOver starts a server from the template's image, as launch-instances does, with
// the tags that the team's template would give it, and has users sent there.
func (s *scene) failOver() {
	s.recovery.Instance(imageOf(s.template()), s.input.Policy.Images.Tags)
	s.cloud.Side = run.RecoverySide
	s.t.Cleanup(func() { s.cloud.Side = "" })
}

func (s *scene) begun() protect.Pass {
	s.t.Helper()
	raw, err := json.Marshal(s.input)
	if err != nil {
		s.t.Fatal(err)
	}
	pass, err := protect.RefreshImages.Begin(s.t.Context(), s.cloud, raw)
	if err != nil {
		s.t.Fatal(err)
	}
	return pass
}

// there are the images of the plan in a region: made there, and copied there.
func (s *scene) there(region string) (own, copies []lineage.Point) {
	return ebs.Divide(points(s.cloud.Workload(s.t, region).Images(lineage.Plan, s.input.Plan), region))
}

func thereAndBack(s *scene) {
	t := s.t
	for range 3 {
		s.pass()
	}
	launched := imageOf(s.template())
	if launched == s.old {
		t.Fatal("the template points at no copy")
	}
	s.failOver()
	s.jump(25 * time.Hour)
	if result, _ := s.pass(); result.Taken != 1 || result.Copied != 0 {
		t.Errorf("first pass on the recovery side: %+v", result)
	}
	if result, _ := s.pass(); result.Copied != 1 {
		t.Errorf("second pass on the recovery side: %+v", result)
	}
	if result, _ := s.pass(); result.Pointed != 0 || imageOf(s.template()) != launched || s.parameter() != launched {
		t.Errorf("third pass on the recovery side: %+v, template at %s", result, imageOf(s.template()))
	}
	made, _ := s.there(simulated.Recovery)
	_, back := s.there(simulated.Primary)
	if len(made) != 1 || len(back) != 1 || back[0].Source != made[0].ID || back[0].Plain {
		t.Fatalf("made %+v, copied back %+v", made, back)
	}

	// Days on the recovery side: what the template holds is in use, whatever retention
	// thinks of it.
	for range 3 {
		s.jump(25 * time.Hour)
		for range 3 {
			s.pass()
		}
	}
	if !slices.ContainsFunc(s.copies(), func(i types.Image) bool { return aws.ToString(i.ImageId) == launched }) {
		t.Errorf("%s is gone, and the template holds it", launched)
	}
	sources, err := Inspect(t.Context(), s.cloud.Config("eu-central-1"), s.begun())
	if err != nil || len(sources) != 1 || sources[0].ID != "web" || sources[0].Usable == 0 || sources[0].GiB < 8 || sources[0].Problem != "" {
		t.Errorf("sources %+v, error %v", sources, err)
	}

	s.cloud.Side = run.PrimarySide
	pointed := 0
	for range 3 {
		s.jump(25 * time.Hour)
		for range 3 {
			result, _ := s.pass()
			pointed += result.Pointed
		}
	}
	if pointed == 0 || imageOf(s.template()) == launched {
		t.Errorf("back in standby: %d turned, template at %s", pointed, imageOf(s.template()))
	}
	if own, _ := s.there(simulated.Recovery); len(own) != 1 {
		t.Errorf("%d images that the recovery side made are left, want the newest", len(own))
	}
}

func withoutPrimary(s *scene) {
	t := s.t
	for range 3 {
		s.pass()
	}
	s.cloud.Hang(simulated.Primary, true)
	defer s.cloud.Hang(simulated.Primary, false)
	s.refresh = New(s.cloud.Impatient("eu-central-1"), s.cloud)
	s.input.Policy.Point.Parameter += "-too" // one that does not exist yet
	if result, _, err := s.try(); err != nil || result.Pointed != 1 || len(result.Problems) != 1 {
		t.Errorf("standby: %+v, error %v", result, err)
	}
	s.failOver()
	s.jump(25 * time.Hour)
	if result, _, err := s.try(); err != nil || result.Taken != 1 || len(result.Problems) != 1 {
		t.Errorf("the recovery side serves: %+v, error %v", result, err)
	}
}
