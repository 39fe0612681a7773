// Package restorevolumes is the step kind restore-volumes: it creates a volume
// from each snapshot of one consistent set and attaches it, under its old device
// name, to the instance that takes the place of the one it was taken from.
//
// It guarantees that the volumes of one protected instance stay together: which
// instance they go to is chosen once and kept in the volumes' tags, written in
// the call that creates them, and that each volume has the tags that the team gave
// to the one it was taken from, by which policies know it. It deletes nothing but
// volumes of its own, made in this very run: duplicates that are attached to nothing,
// and in Undo all of them. A drill's go to instances of the same drill alone. It
// mounts nothing.
package restorevolumes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is what this step calls, and so what its role is granted: also
// ec2:CreateTags on what CreateVolume creates, and the use of the snapshots' key.
type api interface {
	DescribeVolumes(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
	CreateVolume(context.Context, *ec2.CreateVolumeInput, ...func(*ec2.Options)) (*ec2.CreateVolumeOutput, error)
	AttachVolume(context.Context, *ec2.AttachVolumeInput, ...func(*ec2.Options)) (*ec2.AttachVolumeOutput, error)
	DetachVolume(context.Context, *ec2.DetachVolumeInput, ...func(*ec2.Options)) (*ec2.DetachVolumeOutput, error)
	DeleteVolume(context.Context, *ec2.DeleteVolumeInput, ...func(*ec2.Options)) (*ec2.DeleteVolumeOutput, error)
}

// Kind acts in one region.
type Kind struct{ ec2 api }

// New acts in the region of cfg.
func New(cfg aws.Config) *Kind { return &Kind{ec2.NewFromConfig(cfg)} }

// Advance brings every snapshot one move nearer to an attached volume.
func (k *Kind) Advance(ctx context.Context, r step.Run, spec plan.RestoreVolumes) (step.Progress, error) {
	points, err := pinned(r, spec.Policy)
	if err != nil {
		return step.Progress{}, err
	}
	volumes, err := k.volumes(ctx, r)
	if err != nil {
		return step.Progress{}, err
	}
	made, err := sort(points, volumes)
	if err != nil {
		return step.Progress{}, err
	}
	if made.attached() == len(points) && len(made.surplus) == 0 {
		return done(points, made), nil
	}
	running, err := k.running(ctx, r, spec.AttachTo)
	if err != nil {
		return step.Progress{}, err
	}
	chosen, short := match(sources(points), running, made.target)
	if short > 0 {
		return step.Progress{Detail: fmt.Sprintf("%d of %d instances named %s running", len(chosen), len(chosen)+short, r.Drill.Named(spec.AttachTo))}, nil
	}
	if err := k.discard(ctx, r, made.surplus); err != nil {
		return step.Progress{}, err
	}
	own, err := k.own(ctx, points, made)
	if err != nil {
		return step.Progress{}, err
	}
	for _, point := range points {
		point.Tags = own[point.ID]
		target := chosen[point.Instance]
		if err := k.move(ctx, r, spec, point, target, made.kept[point.ID]); err != nil {
			return step.Progress{}, fmt.Errorf("restore %s to %s: %w", point.ID, target.id, err)
		}
	}
	return step.Progress{Detail: fmt.Sprintf("%d of %d volumes made, %d attached", len(made.kept), len(points), made.attached())}, nil
}

// pinned are the points that open-run chose: for each protected instance the
// volumes of one set, all of them usable. Anything else would restore volumes
// that never existed together.
func pinned(r step.Run, policy string) ([]lineage.Point, error) {
	points := slices.Clone(r.Pins[policy])
	if len(points) == 0 {
		return nil, step.Permanent("the run has no recovery points pinned for policy %s: check that it has a complete set in %s, then start a new run", policy, r.Recovery)
	}
	slices.SortFunc(points, func(a, b lineage.Point) int {
		return cmp.Or(cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Device, b.Device), cmp.Compare(a.ID, b.ID))
	})
	for i, point := range points {
		if point.State != lineage.Complete {
			return nil, step.Permanent("recovery point %s of policy %s is %s, not complete: start a new run, which pins another set", point.ID, policy, point.State)
		}
		if point.Instance == "" || point.Device == "" {
			return nil, step.Permanent("recovery point %s of policy %s does not say which instance and device its volume was attached to (tags %s, %s)", point.ID, policy, lineage.Instance, lineage.Device)
		}
		if i > 0 && points[i-1].Instance == point.Instance && points[i-1].Device == point.Device {
			return nil, step.Permanent("recovery points %s and %s are both of %s of %s: start a new run, which pins one set", points[i-1].ID, point.ID, point.Device, point.Instance)
		}
	}
	return points, whole(points)
}

// whole refuses volumes of one instance that were not taken together, or not all
// of those that were. A set that does not say its size is taken as it is.
func whole(points []lineage.Point) error {
	sets := map[string]string{}
	size := map[string]int{}
	for _, point := range points {
		if set, ok := sets[point.Instance]; ok && set != point.Set {
			return step.Permanent("the points pinned for %s are of two sets, %s and %s, which never existed together: start a new run", point.Instance, set, point.Set)
		}
		sets[point.Instance] = point.Set
		size[point.Set]++
	}
	for _, point := range points {
		if point.SetSize > 0 && size[point.Set] != point.SetSize {
			return step.Permanent("%d of the %d points of set %s are pinned: start a new run, which pins a whole set", size[point.Set], point.SetSize, point.Set)
		}
	}
	return nil
}

// volumes are those of this run and step, by tag. EC2 may not show a new one yet:
// creating it again carries the same token, so it is the same volume.
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
func (k *Kind) volumes(ctx context.Context, r step.Run) ([]types.Volume, error) {
	var all []types.Volume
	pages := ec2.NewDescribeVolumesPaginator(k.ec2, &ec2.DescribeVolumesInput{Filters: []types.Filter{
		filter("tag:"+lineage.Plan, r.Plan), filter("tag:"+lineage.Run, r.ID), filter("tag:"+lineage.Step, r.Step),
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for volumes of step %s: %w", r.Step, err)
		}
		all = append(all, page.Volumes...)
	}
	return all, nil
}

// idsPage is how many snapshots are asked for by id at once.
const idsPage = 200

// own are the team's own tags of the snapshots that a volume is still to be made
// from, which their copies brought along. A volume without them would be protected
// no more, because policies select by tag.
func (k *Kind) own(ctx context.Context, points []lineage.Point, made sorted) (map[string]map[string]string, error) {
	var ids []string
	for _, point := range points {
		if _, ok := made.kept[point.ID]; !ok {
			ids = append(ids, point.ID)
		}
	}
	own := map[string]map[string]string{}
	for some := range slices.Chunk(ids, idsPage) {
		out, err := k.ec2.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: some})
		if err != nil {
			return nil, fmt.Errorf("read the tags of %d snapshots: %w", len(some), err)
		}
		for _, s := range out.Snapshots {
			tags := map[string]string{}
			for _, t := range s.Tags {
				tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
			own[aws.ToString(s.SnapshotId)] = lineage.Own(tags)
		}
	}
	return own, nil
}

// running are the instances that volumes may go to, in an order that two looks
// agree on: of a drill, those of the same drill.
func (k *Kind) running(ctx context.Context, r step.Run, name string) ([]target, error) {
	var found []target
	filters := []types.Filter{filter("instance-state-name", string(types.InstanceStateNameRunning))}
	for key, value := range r.Called(name) {
		filters = append(filters, filter("tag:"+key, value))
	}
	pages := ec2.NewDescribeInstancesPaginator(k.ec2, &ec2.DescribeInstancesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for instances named %s: %w", name, err)
		}
		for _, reservation := range page.Reservations {
			for _, i := range reservation.Instances {
				found = append(found, target{id: aws.ToString(i.InstanceId), zone: zoneOf(i)})
			}
		}
	}
	slices.SortFunc(found, func(a, b target) int {
		return cmp.Or(cmp.Compare(a.zone, b.zone), cmp.Compare(a.id, b.id))
	})
	return found, nil
}

func done(points []lineage.Point, made sorted) step.Progress {
	var ids []string
	for _, point := range points {
		ids = append(ids, aws.ToString(made.kept[point.ID].VolumeId))
	}
	return step.Progress{
		Done:    true,
		Detail:  fmt.Sprintf("%d volumes attached to %d instances", len(ids), len(sources(points))),
		Outputs: map[string]string{"volumes": strings.Join(ids, ",")},
	}
}

// sources are the protected instances, sorted, each once.
func sources(points []lineage.Point) []string {
	var ids []string
	for _, point := range points {
		ids = append(ids, point.Instance)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func zoneOf(i types.Instance) string {
	if i.Placement == nil {
		return ""
	}
	return aws.ToString(i.Placement.AvailabilityZone)
}

func filter(name, value string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: []string{value}}
}
