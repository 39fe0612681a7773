package orphans

import (
	"context"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/protect/tagged"
)

// api is every EC2 action that the report uses.
type api interface {
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
	DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
	DescribeVolumes(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)
}

// world is what all regions together hold.
type world struct {
	others []lineage.Point // images, and snapshots of databases
	points []lineage.Point // snapshots of volumes
	parts  []part
	exists map[string]bool // every snapshot and volume, ours or not; of what a policy adopts, see adopted
	silent bool            // a region did not answer
}

// add adds what another region holds.
func (w *world) add(of world) {
	w.others = append(w.others, of.others...)
	w.points = append(w.points, of.points...)
	w.parts = append(w.parts, of.parts...)
	maps.Copy(w.exists, of.exists)
	w.silent = w.silent || of.silent
}

// part is a snapshot that was made with an image.
type part struct {
	lineage.Point
	set  string // of its image
	used bool   // by an image that is there, or that AWS is still making
}

// look looks at one region.
type look struct {
	api
	region string
}

// page is the most that EC2 gives in one answer; volumesPage of volumes.
const (
	page        = 1000
	volumesPage = 500
)

// list adds what a region holds of volumes and images.
func (w *world) list(ctx context.Context, in look, plan string) error {
	images, used, err := in.images(ctx, plan)
	if err != nil {
		return err
	}
	if w.points, w.parts, err = in.snapshots(ctx, plan, w.exists); err != nil {
		return err
	}
	if err := in.volumes(ctx, w.exists); err != nil {
		return err
	}
	making := map[string]bool{}
	for _, image := range images {
		making[image.Set] = making[image.Set] || image.State == lineage.Pending
	}
	for i := range w.parts {
		// An image that AWS is still making may not say yet which snapshots it has.
		w.parts[i].used = used[w.parts[i].ID] || making[w.parts[i].set]
	}
	w.others = images
	return nil
}

// images are the plan's, and the snapshots that any image of the account is made
// from: somebody may have registered one of his own.
func (l look) images(ctx context.Context, plan string) (points []lineage.Point, used map[string]bool, err error) {
	used = map[string]bool{}
	pages := ec2.NewDescribeImagesPaginator(l, &ec2.DescribeImagesInput{Owners: []string{"self"}, MaxResults: aws.Int32(page)})
	for pages.HasMorePages() {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, image := range answer.Images {
			p := l.image(image)
			for _, id := range p.Parts {
				used[id] = true
			}
			if tagged.Of(image.Tags)[lineage.Plan] == plan {
				points = append(points, p)
			}
		}
	}
	return points, used, nil
}

func (l look) image(image types.Image) lineage.Point {
	created, _ := time.Parse(time.RFC3339, aws.ToString(image.CreationDate)) // unreadable: very old
	p := lineage.Point{ID: aws.ToString(image.ImageId), Region: l.region, TakenAt: created, Started: created, State: lineage.Complete}
	switch image.State {
	case types.ImageStatePending:
		p.State = lineage.Pending
	case types.ImageStateFailed, types.ImageStateError, types.ImageStateInvalid:
		p.State = lineage.Failed
	}
	for _, device := range image.BlockDeviceMappings {
		if device.Ebs != nil && device.Ebs.SnapshotId != nil {
			p.Parts = append(p.Parts, *device.Ebs.SnapshotId)
			p.SizeGiB += int(aws.ToInt32(device.Ebs.VolumeSize))
		}
	}
	return p.Tagged(tagged.Of(image.Tags))
}

// snapshots are the plan's: points, and parts of images. It notes every other
// that exists too: a copy may have been made of another tool's.
func (l look) snapshots(ctx context.Context, plan string, exists map[string]bool) (points []lineage.Point, parts []part, err error) {
	pages := ec2.NewDescribeSnapshotsPaginator(l, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, MaxResults: aws.Int32(page)})
	for pages.HasMorePages() {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range answer.Snapshots {
			exists[aws.ToString(s.SnapshotId)] = true
			tags := tagged.Of(s.Tags)
			if tags[lineage.Plan] == "" {
				exists[adopted(aws.ToString(s.VolumeId))] = true
			}
			switch {
			case tags[lineage.Plan] != plan:
			case tags[lineage.Part] != "":
				parts = append(parts, part{Point: l.snapshot(s, tags), set: tags[lineage.Part]})
			default:
				points = append(points, l.snapshot(s, tags))
			}
		}
	}
	return points, parts, nil
}

// adopted notes that another tool's snapshot of a volume is there. The volume need
// not be: that of a gateway is none of EC2's.
// https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_CreateSnapshot.html
func adopted(volume string) string { return "adopted " + volume }

// snapshot: the volume of a copy means nothing; its tags say the real one.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
func (l look) snapshot(s types.Snapshot, tags map[string]string) lineage.Point {
	started := aws.ToTime(s.StartTime)
	p := lineage.Point{
		ID: aws.ToString(s.SnapshotId), Region: l.region, TakenAt: started, Started: started,
		SizeGiB: int(aws.ToInt32(s.VolumeSize)), State: lineage.Complete,
	}
	switch s.State {
	case types.SnapshotStatePending:
		p.State = lineage.Pending
	case types.SnapshotStateError:
		p.State = lineage.Failed
	}
	if tags[lineage.Source] == "" {
		p.Origin = aws.ToString(s.VolumeId)
	}
	return p.Tagged(tags)
}

// volumes notes all that exist: one that the policy does not select any more is
// not gone.
func (l look) volumes(ctx context.Context, exists map[string]bool) error {
	pages := ec2.NewDescribeVolumesPaginator(l, &ec2.DescribeVolumesInput{MaxResults: aws.Int32(volumesPage)})
	for pages.HasMorePages() {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, v := range answer.Volumes {
			exists[aws.ToString(v.VolumeId)] = true
		}
	}
	return nil
}
