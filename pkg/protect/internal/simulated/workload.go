package simulated

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Workload builds servers as a team would have them.
type Workload struct {
	t   *testing.T
	EC2 *ec2.Client
}

// Workload builds in a region.
func (c *Cloud) Workload(t *testing.T, region string) Workload {
	return Workload{t, ec2.NewFromConfig(c.Config(region))}
}

// Image registers an image with a root disk.
func (w Workload) Image(name string) string {
	w.t.Helper()
	volume, err := w.EC2.CreateVolume(w.t.Context(), &ec2.CreateVolumeInput{AvailabilityZone: aws.String(w.zone()), Size: aws.Int32(8)})
	w.must(err)
	snapshot, err := w.EC2.CreateSnapshot(w.t.Context(), &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	w.must(err)
	image, err := w.EC2.RegisterImage(w.t.Context(), &ec2.RegisterImageInput{
		Name:           aws.String(name),
		RootDeviceName: aws.String("/dev/sda1"),
		BlockDeviceMappings: []types.BlockDeviceMapping{
			{DeviceName: aws.String("/dev/sda1"), Ebs: &types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}},
		},
	})
	w.must(err)
	return aws.ToString(image.ImageId)
}

// Instance starts one from an image.
func (w Workload) Instance(image string, tags map[string]string) string {
	w.t.Helper()
	out, err := w.EC2.RunInstances(w.t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String(image), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		InstanceType:      types.InstanceTypeM6gLarge,
		Placement:         &types.Placement{AvailabilityZone: aws.String(w.zone())},
		TagSpecifications: tagging(types.ResourceTypeInstance, tags),
	})
	w.must(err)
	return aws.ToString(out.Instances[0].InstanceId)
}

// Volume attaches one to an instance.
func (w Workload) Volume(instance, device string, tags map[string]string) string {
	w.t.Helper()
	volume, err := w.EC2.CreateVolume(w.t.Context(), &ec2.CreateVolumeInput{
		AvailabilityZone: aws.String(w.zone()), Size: aws.Int32(20),
		TagSpecifications: tagging(types.ResourceTypeVolume, tags),
	})
	w.must(err)
	_, err = w.EC2.AttachVolume(w.t.Context(), &ec2.AttachVolumeInput{
		VolumeId: volume.VolumeId, InstanceId: aws.String(instance), Device: aws.String(device),
	})
	w.must(err)
	return aws.ToString(volume.VolumeId)
}

// Snapshots are the region's that carry a tag, with the tag's value.
func (w Workload) Snapshots(key, value string) []types.Snapshot {
	w.t.Helper()
	out, err := w.EC2.DescribeSnapshots(w.t.Context(), &ec2.DescribeSnapshotsInput{
		Filters: []types.Filter{{Name: aws.String("tag:" + key), Values: []string{value}}},
	})
	w.must(err)
	return out.Snapshots
}

// Images are the region's that carry a tag, with the tag's value.
func (w Workload) Images(key, value string) []types.Image {
	w.t.Helper()
	out, err := w.EC2.DescribeImages(w.t.Context(), &ec2.DescribeImagesInput{
		Filters: []types.Filter{{Name: aws.String("tag:" + key), Values: []string{value}}},
	})
	w.must(err)
	return out.Images
}

func (w Workload) zone() string { return w.EC2.Options().Region + "a" }

func (w Workload) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func tagging(resource types.ResourceType, tags map[string]string) []types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	specification := types.TagSpecification{ResourceType: resource}
	for key, value := range tags {
		specification.Tags = append(specification.Tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	return []types.TagSpecification{specification}
}
