package images

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// scene is a workload of its own in the shared cloud: three web servers, a launch
// template in the recovery region, and a plan that protects them.
type scene struct {
	t        *testing.T
	cloud    *simulated.Cloud
	refresh  *Refresh
	input    protect.Input
	primary  simulated.Workload
	recovery simulated.Workload
	servers  []string
	old      string // the image that the template began with
}

func newScene(t *testing.T, cloud *simulated.Cloud) *scene {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	selected := map[string]string{"app": name, "tier": "web"}
	s := &scene{
		t: t, cloud: cloud,
		refresh:  New(cloud.Config("eu-central-1"), cloud),
		primary:  cloud.Workload(t, simulated.Primary),
		recovery: cloud.Workload(t, simulated.Recovery),
		input: protect.Input{
			Plan: name, Primary: simulated.Primary, Recovery: simulated.Recovery,
			Policy: plan.Policy{
				Name: "web", Images: &plan.Selector{Tags: selected}, Key: "alias/pilotlight",
				Every: plan.Duration(24 * time.Hour), RPO: plan.Duration(48 * time.Hour),
				Point: &plan.Point{LaunchTemplate: name, Parameter: "/" + name + "/image"},
			},
		},
	}
	image := s.primary.Image(name)
	for range 3 {
		s.servers = append(s.servers, s.primary.Instance(image, selected))
	}
	s.primary.Volume(s.servers[0], "/dev/sdf", nil)
	s.old = s.recovery.Image(name)
	if _, err := s.recovery.EC2.CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(name),
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(s.old), InstanceType: types.InstanceTypeM6gLarge},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) pass() (protect.Result, []string) {
	s.t.Helper()
	result, calls, err := s.try()
	if err != nil {
		s.t.Fatal(err)
	}
	return result, calls
}

func (s *scene) try() (protect.Result, []string, error) {
	s.t.Helper()
	raw, err := json.Marshal(s.input)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cloud.Calls()
	result, err := s.refresh.Handle(s.t.Context(), raw)
	return result, slices.Sorted(slices.Values(s.cloud.Calls())), err // regions are asked at the same time
}

func (s *scene) jump(d time.Duration) {
	s.t.Helper()
	if err := s.cloud.Clock.Jump(d); err != nil {
		s.t.Fatal(err)
	}
}

// template is the version in service.
func (s *scene) template() types.LaunchTemplateVersion {
	s.t.Helper()
	out, err := s.recovery.EC2.DescribeLaunchTemplateVersions(s.t.Context(), &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateName: aws.String(s.input.Plan), Versions: []string{"$Default"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.LaunchTemplateVersions[0]
}

func (s *scene) parameter() string {
	s.t.Helper()
	out, err := ssm.NewFromConfig(s.cloud.Config(simulated.Recovery)).GetParameter(s.t.Context(), &ssm.GetParameterInput{
		Name: aws.String(s.input.Policy.Point.Parameter),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return aws.ToString(out.Parameter.Value)
}

func (s *scene) copies() []types.Image { return s.recovery.Images(lineage.Plan, s.input.Plan) }

var listings = []string{"DescribeImages us-east-1", "DescribeImages us-west-2", "DescribeLaunchTemplateVersions us-west-2", "GetParameter us-west-2"}

func TestRefresh(t *testing.T) {
	cloud := simulated.Start(t)
	cloud.CreateKey(t, simulated.Recovery, "alias/pilotlight")
	t.Run("makes copies and points", func(t *testing.T) { makesCopiesAndPoints(newScene(t, cloud)) })
	t.Run("finishes what a pass that died began", func(t *testing.T) { finishes(newScene(t, cloud)) })
	t.Run("never points at an image that is not usable", func(t *testing.T) { pointsAtUsable(newScene(t, cloud)) })
	t.Run("retires an image with its snapshots", func(t *testing.T) { retires(newScene(t, cloud)) })
}

func makesCopiesAndPoints(s *scene) {
	t := s.t
	result, calls := s.pass()
	if diff := cmp.Diff(protect.Result{Status: protect.Reconciled, Taken: 1}, result); diff != "" {
		t.Errorf("first pass (-want +got):\n%s", diff)
	}
	want := slices.Insert(slices.Clone(listings), 2, "DescribeInstances us-east-1", "CreateImage us-east-1")
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), calls); diff != "" {
		t.Errorf("calls of the first pass (-want +got):\n%s", diff)
	}
	made := s.primary.Images(lineage.Plan, s.input.Plan)
	if len(made) != 1 || !slices.Contains(s.servers, aws.ToString(made[0].SourceInstanceId)) {
		t.Fatalf("images %+v", made)
	}
	parts := s.primary.Snapshots(lineage.Part, aws.ToString(made[0].Name))
	if len(parts) != len(made[0].BlockDeviceMappings) {
		t.Errorf("%d snapshots carry the image's set, want %d", len(parts), len(made[0].BlockDeviceMappings))
	}
	if got := imageOf(s.template()); got != s.old {
		t.Errorf("the template points at %s before anything has arrived", got)
	}

	if result, _ = s.pass(); result.Copied != 1 {
		t.Errorf("second pass: %+v", result)
	}
	if result, _ = s.pass(); result.Pointed != 2 {
		t.Errorf("third pass: %+v", result)
	}
	arrived := s.copies()
	if len(arrived) != 1 {
		t.Fatalf("%d copies", len(arrived))
	}
	copied := aws.ToString(arrived[0].ImageId)
	version := s.template()
	if imageOf(version) != copied || version.LaunchTemplateData.InstanceType != types.InstanceTypeM6gLarge || s.parameter() != copied {
		t.Errorf("template %+v, parameter %s, want %s and all else as it was", version.LaunchTemplateData, s.parameter(), copied)
	}
	for _, device := range arrived[0].BlockDeviceMappings {
		if !aws.ToBool(device.Ebs.Encrypted) {
			t.Errorf("%s of the copy is not encrypted", aws.ToString(device.DeviceName))
		}
	}
	p := point(arrived[0], simulated.Recovery)
	if p.Source != aws.ToString(made[0].ImageId) || p.Origin != aws.ToString(made[0].SourceInstanceId) || p.Set != aws.ToString(made[0].Name) {
		t.Errorf("lineage of the copy: %+v", p)
	}

	result, calls = s.pass()
	if diff := cmp.Diff(protect.Result{Status: protect.Reconciled}, result); diff != "" {
		t.Errorf("fourth pass (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(listings)), calls); diff != "" {
		t.Errorf("calls of the fourth pass (-want +got):\n%s", diff)
	}
}

func finishes(s *scene) {
	t := s.t
	s.pass()
	s.pass()
	s.cloud.Refuse("ModifyLaunchTemplate", "InternalError", 0)
	if _, _, err := s.try(); err == nil {
		t.Fatal("a refused ModifyLaunchTemplate is no error")
	}
	s.cloud.Refuse("ModifyLaunchTemplate", "", 0)
	result, calls := s.pass()
	if result.Pointed != 2 || slices.Contains(calls, "CreateLaunchTemplateVersion us-west-2") {
		t.Errorf("result %+v, calls %v: want the version that is there put into service", result, calls)
	}
	if got, want := imageOf(s.template()), aws.ToString(s.copies()[0].ImageId); got != want {
		t.Errorf("the template points at %s, want %s", got, want)
	}
}

func pointsAtUsable(s *scene) {
	t := s.t
	s.pass()
	s.input.Policy.Key = "alias/late" // the copy fails, and nobody says so before
	s.cloud.Refuse("DescribeKey", "KMSInternalException", 0)
	s.pass()
	s.cloud.Refuse("DescribeKey", "", 0)
	if state := s.copies()[0].State; state != types.ImageStateFailed {
		t.Fatalf("the copy is %s, want failed", state)
	}
	s.cloud.CreateKey(t, simulated.Recovery, "alias/late")
	result, _ := s.pass()
	if result.Pointed != 0 || result.Waiting != 1 || result.Deleted != 0 || imageOf(s.template()) != s.old {
		t.Errorf("result %+v, template at %s", result, imageOf(s.template()))
	}
	s.jump(lineage.Pause)
	if result, _ = s.pass(); result.Waiting != 1 || result.Deleted != 1 {
		t.Errorf("while the failed copy holds the name: %+v", result)
	}
	s.pass()
	if result, _ = s.pass(); result.Pointed != 2 {
		t.Errorf("once a copy has arrived: %+v", result)
	}
}

func retires(s *scene) {
	t := s.t
	var first types.Image
	for range 3 {
		s.pass()
		s.pass()
		s.pass()
		if first.ImageId == nil {
			first = s.copies()[0]
		}
		s.jump(25 * time.Hour)
	}
	s.pass()
	s.pass()
	for _, image := range s.copies() {
		if aws.ToString(image.ImageId) == aws.ToString(first.ImageId) {
			t.Fatalf("the first image is still there, marked %q", tagged.Of(image.Tags)[lineage.Retire])
		}
	}
	if parts := s.recovery.Snapshots(lineage.Part, aws.ToString(first.Name)); len(parts) != 0 {
		t.Errorf("the first image is gone and %d of its snapshots are not", len(parts))
	}
	inService := imageOf(s.template())
	if !slices.ContainsFunc(s.copies(), func(i types.Image) bool { return aws.ToString(i.ImageId) == inService }) {
		t.Errorf("the template points at %s, which is gone", inService)
	}
}
