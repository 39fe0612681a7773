package failures_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// fifty is a plan of 50 steps: a volume, and parameters in series, in groups, and
// in groups of groups. All plans protect what carries the same tags.
func fifty(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
plan: %[1]s
strategy: backup-restore
primary: us-east-1
recovery: us-west-2
objectives: {rto: 2h, rpo: 2h}
protect:
  - {name: data, volumes: {tags: {app: shared}}, every: 30m}
detect: {mode: manual}
recover:
  - restore-volumes: {policy: data, attach-to: %[1]s-worker}
`, name)
	n := 0
	parameter := func(indent string) {
		n++
		fmt.Fprintf(&b, "%s- set-parameter: {id: p%d, name: /%s/p%d, value: \"%d\"}\n", indent, n, name, n, n)
	}
	for n < 19 {
		parameter("  ")
	}
	b.WriteString("  - parallel:\n")
	for range 2 {
		b.WriteString("      - \n")
		for range 5 {
			parameter("        ")
		}
		b.WriteString("        - parallel:\n")
		for range 5 {
			parameter("            ")
		}
	}
	for n < 49 {
		parameter("  ")
	}
	return b.String()
}

// furnish makes what a plan of fifty finds in the recovery region: a worker, and a
// recovery point of its own of a volume that has the same tags as all the others'.
func (w *world) furnish(p *plan.Plan) (snapshot string) {
	w.t.Helper()
	client := ec2.NewFromConfig(w.Upstream(recovery))
	zone := recovery + "a"
	volume, err := client.CreateVolume(w.t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(zone), Size: aws.Int32(8)})
	if err != nil {
		w.t.Fatal(err)
	}
	tags := []types.Tag{}
	for key, value := range map[string]string{
		lineage.Plan: p.Name, lineage.Policy: "data", lineage.Set: "s-" + p.Name, lineage.Size: "1", lineage.Source: "snap-" + p.Name,
		lineage.Origin: "vol-" + p.Name, lineage.Instance: "i-" + p.Name, lineage.Device: "/dev/sdf",
		lineage.TakenAt: w.Clock.Now().Add(-20 * time.Minute).Format(time.RFC3339),
	} {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	point, err := client.CreateSnapshot(w.t.Context(), &ec2.CreateSnapshotInput{
		VolumeId: volume.VolumeId, TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: tags}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	images, err := client.RegisterImage(w.t.Context(), &ec2.RegisterImageInput{Name: aws.String(p.Name), RootDeviceName: aws.String("/dev/xvda")})
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = client.RunInstances(w.t.Context(), &ec2.RunInstancesInput{
		ImageId: images.ImageId, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), Placement: &types.Placement{AvailabilityZone: aws.String(zone)},
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String(p.Name + "-worker")}}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return aws.ToString(point.SnapshotId)
}

func TestTenPlans_recoverAtTheSameTimeAndKeepApart(t *testing.T) {
	w := newWorld(t)
	points := map[*plan.Plan]string{}
	for i := range 10 {
		p, _ := w.deploy(fifty(fmt.Sprintf("plan-%c", 'a'+i)))
		steps := 0
		for range p.Steps() {
			steps++
		}
		if steps != 50 {
			t.Fatalf("%d steps", steps)
		}
		points[p] = w.furnish(p)
	}
	for p := range points {
		w.start(p, run.Unplanned)
	}
	w.until(4*time.Hour, "all runs are over", func(context.Context) bool {
		for p := range points {
			if w.record(p).State.Phase != run.Over {
				return false
			}
		}
		return true
	})
	for p, point := range points {
		w.recovered(p, point)
	}
}

// recovered holds that a plan came back with its own point and parameters, in its
// first run.
func (w *world) recovered(p *plan.Plan, point string) {
	w.t.Helper()
	record := w.record(p)
	if record.State.End != run.Recovered || record.State.Epoch != 1 || record.State.Posture != run.Active {
		closed, _ := record.First(run.Whole, run.Done)
		w.t.Errorf("plan %s: run %d ended %s, %s: %s", p.Name, record.State.Epoch, record.State.End, record.State.Posture, closed.Detail)
		return
	}
	if pins := record.Pins["data"]; len(pins) != 1 || pins[0].ID != point {
		w.t.Errorf("plan %s pinned %v, want %s", p.Name, pins, point)
	}
	volumes, err := ec2.NewFromConfig(w.Upstream(recovery)).DescribeVolumes(w.t.Context(), &ec2.DescribeVolumesInput{
		Filters: []types.Filter{{Name: aws.String("tag:" + lineage.Plan), Values: []string{p.Name}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(volumes.Volumes) != 1 || aws.ToString(volumes.Volumes[0].SnapshotId) != point || len(volumes.Volumes[0].Attachments) != 1 {
		w.t.Errorf("plan %s has %d volumes: %+v", p.Name, len(volumes.Volumes), volumes.Volumes)
	}
	for s := range p.Steps() {
		spec, ok := s.Spec.(*plan.SetParameter)
		if !ok {
			continue
		}
		out, err := ssm.NewFromConfig(w.Upstream(recovery)).GetParameter(w.t.Context(), &ssm.GetParameterInput{Name: aws.String(spec.Name)})
		if err != nil || aws.ToString(out.Parameter.Value) != spec.Value {
			w.t.Errorf("%s: %v", spec.Name, err)
		}
	}
}
