package snapshots

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/ebs"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// instancesFilter is how many values one filter takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
const instancesFilter = 200

// Take snapshots the instances that are due, one call each. Of what another tool
// takes, nothing ever is.
func (k kind) Take(ctx context.Context, seen ebs.Seen, done *protect.Result) error {
	due := backlog.DueInstances(seen.Volumes, k.Counted(seen.Sources), k.Policy.Every.D(), k.Now)
	instances, err := k.instances(ctx, due)
	if err != nil {
		return fmt.Errorf("list the volumes of %d instances in %s: %w", len(due), k.From.Region, err)
	}
	var failed []error
	for i, instance := range instances {
		request, size := k.request(instance, seen.Volumes)
		if size == 0 {
			continue // its volumes were detached since they were listed
		}
		_, err := k.In(k.From).CreateSnapshots(ctx, request)
		switch {
		case err == nil:
			done.Taken++
			k.Log.Info("snapshots taken", "region", k.From.Region, "instance", aws.ToString(instance.InstanceId))
		case protect.Later(err):
			done.Waiting += len(instances) - i
			done.Problems = append(done.Problems, ebs.Full(err, k.From.Region)...)
			return errors.Join(failed...)
		default:
			failed = append(failed, fmt.Errorf("snapshot the volumes of %s: %w", aws.ToString(instance.InstanceId), err))
			if failure.Unanswered(err) { // nor would the others be answered
				done.Waiting += len(instances) - i
				return errors.Join(failed...)
			}
		}
	}
	return errors.Join(failed...)
}

// instances are the due ones with everything that is attached to them, in the order
// of their ids here: EC2 answers in its own, and who comes last in that would get no
// snapshot while AWS takes fewer than are due. One that was terminated a moment ago
// is not among them.
func (k kind) instances(ctx context.Context, due []string) ([]types.Instance, error) {
	var instances []types.Instance
	for ids := range slices.Chunk(due, instancesFilter) {
		pages := ec2.NewDescribeInstancesPaginator(k.In(k.From), &ec2.DescribeInstancesInput{
			Filters: []types.Filter{
				tagged.Filter("instance-id", ids...),
				tagged.Filter("instance-state-name", "running", "stopping", "stopped"),
			},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, reservation := range page.Reservations {
				instances = append(instances, reservation.Instances...)
			}
		}
	}
	place := make(map[string]int, len(due))
	for i, id := range due {
		place[id] = i
	}
	slices.SortFunc(instances, func(a, b types.Instance) int {
		return cmp.Compare(place[aws.ToString(a.InstanceId)], place[aws.ToString(b.InstanceId)])
	})
	return instances, nil
}

// request snapshots exactly the selected volumes of an instance, and says how
// many they are. CreateSnapshots takes all that are attached but those it is told
// to leave out, and wants the boot volume left out in words of its own.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceSpecification.html
func (k kind) request(instance types.Instance, volumes []backlog.Volume) (request *ec2.CreateSnapshotsInput, size int) {
	id := aws.ToString(instance.InstanceId)
	selected := map[string]bool{}
	for _, v := range volumes {
		if v.Instance == id {
			selected[v.ID] = true
		}
	}
	leave := &types.InstanceSpecification{InstanceId: instance.InstanceId}
	for _, device := range instance.BlockDeviceMappings {
		if device.Ebs == nil {
			continue
		}
		switch volume := aws.ToString(device.Ebs.VolumeId); {
		case selected[volume]:
			size++
		case aws.ToString(device.DeviceName) == aws.ToString(instance.RootDeviceName):
			leave.ExcludeBootVolume = aws.Bool(true)
		default:
			leave.ExcludeDataVolumeIds = append(leave.ExcludeDataVolumeIds, volume)
		}
	}
	tags := lineage.SourceTags(k.Plan, lineage.Point{
		Policy:   k.Policy.Name,
		Set:      id + "-" + k.Now.UTC().Format("20060102T150405Z"),
		SetSize:  size,
		Instance: id,
	})
	return &ec2.CreateSnapshotsInput{
		Description:           aws.String("Pilotlight: " + k.Plan + "/" + k.Policy.Name + " of " + id),
		InstanceSpecification: leave,
		TagSpecifications:     []types.TagSpecification{tagged.On(types.ResourceTypeSnapshot, tags)},
	}, size
}
