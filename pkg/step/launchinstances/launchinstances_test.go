package launchinstances

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var (
	aRun = step.Run{
		Plan: "storefront", ID: "storefront-1", Step: "web", Primary: "us-east-1", Recovery: "us-west-2",
		Pins: run.Pins{"web": {{ID: "ami-pinned", State: lineage.Complete}}},
	}
	aSpec = plan.LaunchInstances{
		Template: "storefront-web", Count: 3, Types: []string{"m7g.large", "m6g.large"},
		Zones: []string{"us-west-2a", "us-west-2b"}, Targets: "storefront-web", Image: "web",
	}
	wanted = []string{
		"launch 2 m7g.large ami-pinned in subnet-a",
		"launch 1 m7g.large ami-pinned in subnet-b",
		"register 3",
	}
)

func TestAdvance_launchesThePinnedImageOverZonesAndRegistersIt(t *testing.T) {
	w := newRegion(t)
	got := w.settle(aSpec)
	if diff := cmp.Diff(wanted, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	want := map[string]string{"instances": "i-01,i-02,i-03", "zones": "us-west-2a,us-west-2b"}
	if diff := cmp.Diff(want, got.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestAdvance_changesNothingOnceDone(t *testing.T) {
	w := newRegion(t)
	w.settle(aSpec)
	w.settle(aSpec)
	w.settle(aSpec)
	if diff := cmp.Diff(wanted, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_endsTheSameAfterACrashAtAnyChange(t *testing.T) {
	for crash := 1; crash <= len(wanted); crash++ {
		for _, slow := range []bool{false, true} {
			w := newRegion(t)
			w.crashAt, w.slow = crash, slow
			w.settle(aSpec)
			if len(w.instances) != 3 || len(w.targets) != 3 {
				t.Errorf("crash at change %d, slow %t: %d instances, %d targets after %v", crash, slow, len(w.instances), len(w.targets), w.changes)
			}
		}
	}
}

func TestAdvance_isDoneWithoutTargetsWhenInstancesRun(t *testing.T) {
	w := newRegion(t)
	spec := aSpec
	spec.Targets, spec.Image, spec.Types = "", "", nil
	w.settle(spec)
	if diff := cmp.Diff([]string{"launch 2   in subnet-a", "launch 1   in subnet-b"}, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_takesTheNextTypeWhereTheFirstIsOut(t *testing.T) {
	w := newRegion(t)
	w.full["us-west-2b m7g.large"] = true
	w.settle(aSpec)
	want := []string{wanted[0], "launch 1 m6g.large ami-pinned in subnet-b", "register 3"}
	if diff := cmp.Diff(want, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_letsAZoneServeWhileTheOtherIsFull(t *testing.T) {
	w := newRegion(t)
	w.full["us-west-2a m7g.large"], w.full["us-west-2a m6g.large"] = true, true
	var detail string
	for range 3 {
		detail = w.mustPend(aSpec).Detail
		w.tick()
	}
	if !strings.Contains(detail, "1 of 3") || !strings.Contains(detail, "no capacity in us-west-2a") {
		t.Errorf("detail %q", detail)
	}
	if diff := cmp.Diff([]string{wanted[1], "register 1"}, w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	clear(w.full)
	w.settle(aSpec)
}

func TestAdvance_replacesAnInstanceThatDied(t *testing.T) {
	w := newRegion(t)
	w.settle(aSpec)
	for _, dead := range []string{"i-01", "i-04", "i-05"} {
		w.kill(dead)
		w.settle(aSpec)
	}
	if alive := len(fleet(w.instances).alive("")); alive != 3 || len(w.instances) != 6 {
		t.Errorf("%d of %d instances alive; want 3 of 6", alive, len(w.instances))
	}
}

func TestAdvance_saysWhyTargetsDoNotServe(t *testing.T) {
	w := newRegion(t)
	w.settle(aSpec)
	w.targets["i-02"] = elbtypes.TargetHealthStateEnumUnhealthy
	if detail := w.mustPend(aSpec).Detail; detail != "3 of 3 instances running, 2 healthy in storefront-web; unhealthy" {
		t.Errorf("detail %q", detail)
	}
	w.targets["i-02"] = elbtypes.TargetHealthStateEnumDraining
	w.settle(aSpec)
	if last := w.changes[len(w.changes)-1]; last != "register 1" {
		t.Errorf("a draining target was not taken back: %v", w.changes)
	}
}

func TestAdvance_leavesASurplusAndSaysSo(t *testing.T) {
	w := newRegion(t)
	w.settle(aSpec)
	spec := aSpec
	spec.Count = 2
	got := w.settle(spec)
	if !strings.Contains(got.Detail, "1 more than asked for") || len(w.changes) != len(wanted) {
		t.Errorf("detail %q after %v", got.Detail, w.changes)
	}
}

func TestAdvance_stopsForGoodWhenOnlyAPersonCanHelp(t *testing.T) {
	for name, trouble := range map[string]func(*region, *plan.LaunchInstances){
		"no image is pinned": func(_ *region, spec *plan.LaunchInstances) { spec.Image = "workers" },
		"a zone has no subnet": func(_ *region, spec *plan.LaunchInstances) {
			spec.Zones = []string{"us-west-2a", "us-west-2c"}
		},
		"no such template": func(_ *region, spec *plan.LaunchInstances) { spec.Template = "storefront-wbe" },
		"the template names interfaces": func(w *region, _ *plan.LaunchInstances) {
			w.template.NetworkInterfaces = []types.LaunchTemplateInstanceNetworkInterfaceSpecification{{}}
		},
		"the template names no group": func(w *region, _ *plan.LaunchInstances) { w.template.SecurityGroupIds = nil },
	} {
		w, spec := newRegion(t), aSpec
		trouble(w, &spec)
		_, err := w.look(spec)
		if failure.ClassOf(err) != failure.Permanent || len(w.changes) > 0 {
			t.Errorf("%s: error %v with changes %v; want a permanent one and none", name, err, w.changes)
		}
	}
}

func TestAdvance_stopsForGoodWithoutItsTargetGroup(t *testing.T) {
	w, spec := newRegion(t), aSpec
	spec.Targets = "storefront-wbe"
	w.mustPend(spec)
	w.tick()
	if _, err := w.look(spec); failure.ClassOf(err) != failure.Permanent {
		t.Errorf("error %v; want a permanent one", err)
	}
}

func TestSpread_givesTheFirstZonesTheRest(t *testing.T) {
	zones := []string{"a", "b", "c"}
	for count, want := range map[int]map[string]int{
		0: {}, 1: {"a": 1}, 3: {"a": 1, "b": 1, "c": 1}, 5: {"a": 2, "b": 2, "c": 1},
	} {
		if diff := cmp.Diff(want, spread(count, zones)); diff != "" {
			t.Errorf("spread(%d) (-want +got):\n%s", count, diff)
		}
	}
}

func TestRoomiest_takesTheMostFreeAddressesThenTheLowerID(t *testing.T) {
	got := roomiest([]types.Subnet{
		subnet("subnet-3", "a", 10), subnet("subnet-2", "a", 90), subnet("subnet-1", "a", 90),
		subnet("subnet-9", "b", 0),
	})
	if a, b := aws.ToString(got["a"].SubnetId), aws.ToString(got["b"].SubnetId); len(got) != 2 || a != "subnet-1" || b != "subnet-9" {
		t.Errorf("roomiest = %v; want subnet-1 in a and subnet-9 in b", got)
	}
}

func TestAdvance_registersWhatRunsAlone(t *testing.T) {
	w := newRegion(t)
	w.mustPend(aSpec)
	w.mustPend(aSpec) // everything is still pending
	if diff := cmp.Diff(wanted[:2], w.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAdvance_givesUpOnInstancesThatKeepDying(t *testing.T) {
	w := newRegion(t)
	var err error
	for looks := 0; err == nil && looks < 20; looks++ {
		_, err = w.look(aSpec)
		for _, id := range fleet(w.instances).alive("").ids() {
			w.kill(id)
		}
	}
	if failure.ClassOf(err) != failure.Permanent || len(w.instances) != lives*aSpec.Count {
		t.Errorf("error %v after %d instances; want a permanent one after %d", err, len(w.instances), lives*aSpec.Count)
	}
}
