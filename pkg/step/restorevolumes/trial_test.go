package restorevolumes

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

type trial = simulated.Trial[plan.RestoreVolumes]

// archive is a step that restores the two volumes of one protected instance.
func archive(t *testing.T) *trial {
	w := simulated.NewTrial(t, func(cfg aws.Config) step.Kind[plan.RestoreVolumes] { return New(cfg) }, "data")
	w.Servers(simulated.Away).Instance("worker", "us-west-2a")
	w.Spec = plan.RestoreVolumes{Policy: "data", AttachTo: "worker"}
	w.Run.Pins = run.Pins{"data": points(w)}
	return w
}

func points(w *trial) []lineage.Point {
	w.T.Helper()
	client := ec2.NewFromConfig(w.Team(simulated.Away))
	var all []lineage.Point
	for _, device := range []string{"/dev/sdf", "/dev/sdg"} {
		volume, err := client.CreateVolume(w.T.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-west-2b"), Size: aws.Int32(8)})
		if err != nil {
			w.T.Fatal(err)
		}
		snapshot, err := client.CreateSnapshot(w.T.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId, TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeSnapshot, Tags: list(map[string]string{lineage.Plan: w.Run.Plan, lineage.Policy: "data", "team": "archive"}),
		}}})
		if err != nil {
			w.T.Fatal(err)
		}
		all = append(all, lineage.Point{
			ID: aws.ToString(snapshot.SnapshotId), Policy: "data", Set: "s-1", SetSize: 2, Origin: "vol-" + device, Instance: "i-old",
			Device: device, TakenAt: w.Now().Add(-time.Hour), State: lineage.Complete,
		})
	}
	return all
}

// drilledArchive is the same in a drill, beside an instance of production's.
func drilledArchive(t *testing.T) *trial {
	w := archive(t)
	w.Run.Mode, w.Run.Drill = run.Drill, &plan.Drill{Suffix: "drill", TTL: plan.DefaultTTL}
	id := w.Servers(simulated.Away).Instance("worker-drill", "us-west-2b")
	_, err := ec2.NewFromConfig(w.Team(simulated.Away)).CreateTags(t.Context(), &ec2.CreateTagsInput{
		Resources: []string{id}, Tags: list(map[string]string{lineage.Drill: w.Run.ID}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestStep_isDoneOnceAndTakenBackFromAnywhere(t *testing.T) {
	made := []string{"us-west-2.CreateVolume", "us-west-2.CreateVolume", "us-west-2.AttachVolume", "us-west-2.AttachVolume"}
	simulated.Hold(t, map[string]simulated.Scenario[plan.RestoreVolumes]{
		"a failover": {Build: archive, Changes: made},
		"a drill":    {Build: drilledArchive, Changes: made},
	}, (*trial).See)
}

func TestDrill_attachesToItsOwnInstancesAlone(t *testing.T) {
	w := drilledArchive(t)
	w.Settle(w.Advance)
	out, err := ec2.NewFromConfig(w.Team(simulated.Away)).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{
		Filters: []types.Filter{filter("tag:"+lineage.Drill, w.Run.ID)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Volumes) != 2 {
		t.Errorf("%d volumes carry the drill's tag, want 2", len(out.Volumes))
	}
	for _, v := range out.Volumes {
		if zone := aws.ToString(v.AvailabilityZone); zone != "us-west-2b" || tagsOf(v)[lineage.Expires] == "" {
			t.Errorf("a volume is in %s, the drill's instance in us-west-2b; tags %v", zone, tagsOf(v))
		}
	}
}

func TestAdvance_asksForTheRateThatThePlanPaysFor(t *testing.T) {
	w := newRegion(t, worker("i-1", "us-west-2a"))
	kind := &Kind{w}
	r := step.Run{Plan: "storefront", ID: "storefront-1", Step: "data", Pins: run.Pins{"data": {{
		ID: "snap-1", Policy: "data", Set: "s-1", Instance: "i-old", Device: "/dev/sdf", State: lineage.Complete,
	}}}}
	if _, err := kind.Advance(t.Context(), r, plan.RestoreVolumes{Policy: "data", AttachTo: "storefront-worker", Rate: 200}); err != nil {
		t.Fatal(err)
	}
	if w.rate != 200 {
		t.Errorf("asked for %d MiB/s, want 200", w.rate)
	}
}

func TestCheck_saysWhatWouldStopTheRestore(t *testing.T) {
	w := archive(t)
	if problems := w.Check(); len(problems) > 0 {
		t.Errorf("says %q of what works", problems)
	}
	w.Spec.Policy = "nothing"
	if said := fmt.Sprint(w.Check()); !strings.Contains(said, "no complete recovery point") {
		t.Errorf("says %s", said)
	}
	if len(w.Caller.Changes) > 0 {
		t.Errorf("changed %v", w.Caller.Changes)
	}
}
