package snapshots

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/backlog"
	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// Page sizes: the most that EC2 gives in one answer.
const (
	volumesPage   = 500
	snapshotsPage = 1000
)

func (p *pass) look(ctx context.Context) (world, error) {
	var seen world
	var err error
	if seen.volumes, err = p.volumes(ctx); err != nil {
		return seen, fmt.Errorf("list the volumes of policy %s in %s: %w", p.Policy.Name, p.From.Region, err)
	}
	primary, err := list(ctx, p.from, tagged.Lineage(p.Plan, p.Policy.Name))
	if err != nil {
		return seen, fmt.Errorf("list the snapshots of policy %s in %s: %w", p.Policy.Name, p.From.Region, err)
	}
	recovery, err := list(ctx, p.to, tagged.Lineage(p.Plan, p.Policy.Name))
	if err != nil {
		return seen, fmt.Errorf("list the snapshots of policy %s in %s: %w", p.Policy.Name, p.To.Region, err)
	}
	seen.sources = sources(primary, p.From.Region, seen.volumes)
	seen.copies = copies(recovery, p.To.Region)
	return seen, nil
}

// volumes are the attached volumes that the policy selects. A volume that is
// attached to several instances belongs to the set of the first.
func (p *pass) volumes(ctx context.Context) ([]backlog.Volume, error) {
	var volumes []backlog.Volume
	pages := ec2.NewDescribeVolumesPaginator(p.from, &ec2.DescribeVolumesInput{
		Filters:    append(tagged.Filters(p.Policy.Volumes.Tags), tagged.Filter("status", string(types.VolumeStateInUse))),
		MaxResults: aws.Int32(volumesPage),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Volumes {
			if len(v.Attachments) == 0 {
				continue
			}
			at := slices.MinFunc(v.Attachments, func(a, b types.VolumeAttachment) int {
				return cmp.Compare(aws.ToString(a.InstanceId), aws.ToString(b.InstanceId))
			})
			volumes = append(volumes, backlog.Volume{
				ID:       aws.ToString(v.VolumeId),
				Instance: aws.ToString(at.InstanceId),
				Device:   aws.ToString(at.Device),
			})
		}
	}
	return volumes, nil
}

// list reads every page of the account's own snapshots that pass the filters.
func list(ctx context.Context, region lister, filters []types.Filter) ([]types.Snapshot, error) {
	var snapshots []types.Snapshot
	pages := ec2.NewDescribeSnapshotsPaginator(region, &ec2.DescribeSnapshotsInput{
		OwnerIds:   []string{"self"},
		Filters:    filters,
		MaxResults: aws.Int32(snapshotsPage),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		snapshots = append(snapshots, page.Snapshots...)
	}
	return snapshots, nil
}

// lister is the one action that listing needs.
type lister interface {
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
}

// Copies are the snapshots of a policy in cfg's region that were copied there,
// usable or not.
func Copies(ctx context.Context, cfg aws.Config, plan, policy string) ([]lineage.Point, error) {
	snapshots, err := list(ctx, ec2.NewFromConfig(cfg), tagged.Lineage(plan, policy))
	if err != nil {
		return nil, fmt.Errorf("list the snapshots of policy %s in %s: %w", policy, cfg.Region, err)
	}
	return copies(snapshots, cfg.Region), nil
}

// sources are the snapshots taken of volumes. Their device is where the volume
// is attached now: copies are begun minutes after, and no tag of a call that
// snapshots several volumes could say it of one.
func sources(snapshots []types.Snapshot, region string, volumes []backlog.Volume) []lineage.Point {
	devices := map[string]string{}
	for _, v := range volumes {
		devices[v.ID] = v.Device
	}
	var points []lineage.Point
	for _, s := range snapshots {
		p := point(s, region)
		if p.Source != "" || p.Instance == "" {
			continue // a copy that came here, or a snapshot that is part of an image
		}
		p.Origin = aws.ToString(s.VolumeId)
		p.TakenAt = p.Started
		p.Device = devices[p.Origin]
		points = append(points, p)
	}
	return points
}

// copies are the snapshots that were copied here. Their volume id means nothing.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
func copies(snapshots []types.Snapshot, region string) []lineage.Point {
	var points []lineage.Point
	for _, s := range snapshots {
		if p := point(s, region); p.Source != "" && p.Instance != "" {
			points = append(points, p)
		}
	}
	return points
}

func point(s types.Snapshot, region string) lineage.Point {
	return lineage.Point{
		ID:      aws.ToString(s.SnapshotId),
		Region:  region,
		Started: aws.ToTime(s.StartTime),
		Done:    aws.ToTime(s.CompletionTime),
		State:   state(s),
		SizeGiB: int(aws.ToInt32(s.VolumeSize)),
		Key:     aws.ToString(s.KmsKeyId),
	}.Tagged(tagged.Of(s.Tags))
}

// state: what is neither done nor failed is neither used nor deleted. That also
// holds for an archived snapshot, from which nothing can be restored at once.
func state(s types.Snapshot) lineage.State {
	switch {
	case s.State == types.SnapshotStateCompleted && s.StorageTier != types.StorageTierArchive:
		return lineage.Complete
	case s.State == types.SnapshotStateError:
		return lineage.Failed
	default:
		return lineage.Pending
	}
}
