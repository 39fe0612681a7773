package restorevolumes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var errCrash = errors.New("the function died after the call")

// region is the EC2 of the recovery region. A volume is available, or attached,
// a tick after it was asked for.
type region struct {
	t         *testing.T
	instances []types.Instance
	volumes   []types.Volume
	hidden    int // how many of the last volumes EC2 does not show yet
	tokens    map[string]string
	changes   []string
	crashAt   int    // the change after which the caller dies; 0: never
	slow      bool   // a new volume shows only after the next look
	refuse    string // the error code of the next attachment
	rate      int32  // MiB/s that the last volume was asked for
}

func newRegion(t *testing.T, instances ...types.Instance) *region {
	return &region{t: t, instances: instances, tokens: map[string]string{}}
}

func worker(id, zone string) types.Instance {
	return types.Instance{
		InstanceId: aws.String(id),
		Placement:  &types.Placement{AvailabilityZone: aws.String(zone)},
		State:      &types.InstanceState{Name: types.InstanceStateNameRunning},
		Tags:       []types.Tag{{Key: aws.String("Name"), Value: aws.String("storefront-worker")}},
	}
}

func matches(filters []types.Filter, tags []types.Tag, state string) bool {
	return !slices.ContainsFunc(filters, func(f types.Filter) bool {
		if *f.Name == "instance-state-name" {
			return !slices.Contains(f.Values, state)
		}
		return !slices.ContainsFunc(tags, func(tag types.Tag) bool {
			return *f.Name == "tag:"+*tag.Key && slices.Contains(f.Values, *tag.Value)
		})
	})
}

// page is one element a page, whatever is asked.
func page[T any](all []T, token *string) ([]T, *string) {
	at, _ := strconv.Atoi(aws.ToString(token))
	if at+1 < len(all) {
		return all[at : at+1], aws.String(strconv.Itoa(at + 1))
	}
	return all[min(at, len(all)):], nil
}

func (w *region) DescribeInstances(_ context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	var found []types.Reservation
	for _, i := range w.instances {
		if matches(in.Filters, i.Tags, string(i.State.Name)) {
			found = append(found, types.Reservation{Instances: []types.Instance{i}})
		}
	}
	out := &ec2.DescribeInstancesOutput{}
	out.Reservations, out.NextToken = page(found, in.NextToken)
	return out, nil
}

func (w *region) DescribeVolumes(_ context.Context, in *ec2.DescribeVolumesInput, _ ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error) {
	var found []types.Volume
	for _, v := range w.volumes[:len(w.volumes)-w.hidden] {
		if matches(in.Filters, v.Tags, "") {
			found = append(found, v)
		}
	}
	out := &ec2.DescribeVolumesOutput{}
	out.Volumes, out.NextToken = page(found, in.NextToken)
	return out, nil
}

// DescribeSnapshots knows the copies by the tags that they brought along.
func (w *region) DescribeSnapshots(_ context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	out := &ec2.DescribeSnapshotsOutput{}
	for _, id := range in.SnapshotIds {
		out.Snapshots = append(out.Snapshots, types.Snapshot{SnapshotId: aws.String(id), Tags: list(map[string]string{
			"tier": "data", "Name": "disk of " + id, "aws:owner": "AWS", lineage.Source: "snap-of-" + id, lineage.Under: "alias/pilotlight",
		})})
	}
	return out, nil
}

func (w *region) CreateVolume(_ context.Context, in *ec2.CreateVolumeInput, _ ...func(*ec2.Options)) (*ec2.CreateVolumeOutput, error) {
	if in.VolumeType != types.VolumeTypeGp3 || len(*in.ClientToken) > 64 || len(in.TagSpecifications) != 1 {
		w.t.Errorf("create a %s with token %q and %d tag specifications", in.VolumeType, *in.ClientToken, len(in.TagSpecifications))
	}
	w.rate = aws.ToInt32(in.VolumeInitializationRate)
	request := fmt.Sprintf("create %s in %s", *in.SnapshotId, *in.AvailabilityZone)
	if before, ok := w.tokens[*in.ClientToken]; ok {
		if before == "" {
			return nil, &smithy.GenericAPIError{Code: "IdempotentParameterMismatch"}
		}
		if before != request {
			w.t.Errorf("one token for %q and %q", before, request)
		}
		return &ec2.CreateVolumeOutput{}, nil
	}
	w.tokens[*in.ClientToken] = request
	w.add(types.Volume{
		AvailabilityZone: in.AvailabilityZone, SnapshotId: in.SnapshotId,
		State: types.VolumeStateCreating, Tags: in.TagSpecifications[0].Tags,
	})
	if w.slow {
		w.hidden++
	}
	return &ec2.CreateVolumeOutput{}, w.change(request)
}

// vanish takes back every volume, as EC2 does for want of a key.
func (w *region) vanish() {
	w.volumes = nil
	for token := range w.tokens {
		w.tokens[token] = ""
	}
}

func (w *region) add(v types.Volume) {
	v.VolumeId = aws.String(fmt.Sprintf("vol-%02d", len(w.volumes)+1))
	w.volumes = append(w.volumes, v)
}

func (w *region) AttachVolume(_ context.Context, in *ec2.AttachVolumeInput, _ ...func(*ec2.Options)) (*ec2.AttachVolumeOutput, error) {
	if w.refuse != "" {
		code := w.refuse
		w.refuse = ""
		return nil, &smithy.GenericAPIError{Code: code}
	}
	v := w.volume(*in.VolumeId)
	i := slices.IndexFunc(w.instances, func(i types.Instance) bool { return *i.InstanceId == *in.InstanceId })
	if v.State != types.VolumeStateAvailable || *w.instances[i].Placement.AvailabilityZone != *v.AvailabilityZone {
		w.t.Errorf("attach %s, %s in %s, to %s", *in.VolumeId, v.State, *v.AvailabilityZone, *in.InstanceId)
	}
	v.State = types.VolumeStateInUse
	v.Attachments = []types.VolumeAttachment{{InstanceId: in.InstanceId, Device: in.Device, State: types.VolumeAttachmentStateAttaching}}
	return &ec2.AttachVolumeOutput{}, w.change(fmt.Sprintf("attach %s to %s as %s", *v.SnapshotId, *in.InstanceId, *in.Device))
}

func (w *region) DeleteVolume(_ context.Context, in *ec2.DeleteVolumeInput, _ ...func(*ec2.Options)) (*ec2.DeleteVolumeOutput, error) {
	v := w.volume(*in.VolumeId)
	if v.State != types.VolumeStateAvailable {
		w.t.Errorf("deleted %s, which is %s", *in.VolumeId, v.State)
	}
	v.State = types.VolumeStateDeleted
	return &ec2.DeleteVolumeOutput{}, w.change("delete " + *in.VolumeId)
}

func (w *region) volume(id string) *types.Volume {
	i := slices.IndexFunc(w.volumes, func(v types.Volume) bool { return *v.VolumeId == id })
	if i < 0 {
		w.t.Fatalf("there is no volume %s", id)
	}
	return &w.volumes[i]
}

func (w *region) change(what string) error {
	w.changes = append(w.changes, what)
	if len(w.changes) == w.crashAt {
		return errCrash
	}
	return nil
}

// tick completes what goes on.
func (w *region) tick() {
	for i := range w.volumes {
		v := &w.volumes[i]
		if v.State == types.VolumeStateCreating {
			v.State = types.VolumeStateAvailable
		}
		for j := range v.Attachments {
			v.Attachments[j].State = types.VolumeAttachmentStateAttached
		}
	}
}

// look is one Advance of a new process.
func (w *region) look() (step.Progress, error) {
	return (&Kind{w}).Advance(w.t.Context(), aRun(), aSpec)
}

// settle looks until the step is done; a look that died is followed by another.
// Hidden volumes show after the look that follows their making.
func (w *region) settle() step.Progress {
	w.t.Helper()
	for range 20 {
		before := w.hidden
		progress, err := w.look()
		if err != nil && !errors.Is(err, errCrash) {
			w.t.Fatal(err)
		}
		if progress.Done {
			return progress
		}
		if w.hidden == before {
			w.hidden = 0
		}
		w.tick()
	}
	w.t.Fatalf("not done after twenty looks: %v", w.changes)
	return step.Progress{}
}

// where says which snapshot is attached where, as "instance device".
func (w *region) where() map[string]string {
	found := map[string]string{}
	for _, v := range w.volumes {
		for _, a := range v.Attachments {
			found[*v.SnapshotId] = *a.InstanceId + " " + *a.Device
		}
	}
	return found
}

var aSpec = plan.RestoreVolumes{Policy: "data", AttachTo: "storefront-worker"}

// DetachVolume is Undo's: the tests on the simulator have it.
func (w *region) DetachVolume(context.Context, *ec2.DetachVolumeInput, ...func(*ec2.Options)) (*ec2.DetachVolumeOutput, error) {
	w.t.Error("Advance called DetachVolume")
	return nil, errors.New("DetachVolume")
}
