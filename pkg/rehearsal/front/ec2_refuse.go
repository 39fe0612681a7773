package front

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// refuseUnready refuses what EC2 refuses to do with things that are not ready.
// https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
func refuseUnready(f *Front, ctx context.Context, x *exchange) *failure {
	region := x.who.Region
	switch x.who.Action {
	case "CopySnapshot":
		return f.incomplete(x, x.form.Get("SourceRegion"), x.form.Get("SourceSnapshotId"))
	case "CreateVolume":
		return f.incomplete(x, region, x.form.Get("SnapshotId"))
	case "CreateSnapshot":
		return f.creating(x, x.form.Get("VolumeId"))
	case "AttachVolume":
		if refusal := f.creating(x, x.form.Get("VolumeId")); refusal != nil {
			return refusal
		}
		return f.starting(x, x.form.Get("InstanceId"))
	case "CreateImage", "CreateSnapshots":
		return f.starting(x, cmp.Or(x.form.Get("InstanceId"), x.form.Get("InstanceSpecification.InstanceId")))
	case "CopyImage":
		return f.unavailable(x, x.form.Get("SourceRegion"), x.form.Get("SourceImageId"))
	case "RunInstances", "CreateFleet":
		for _, id := range f.imagesOf(ctx, x) {
			if refusal := f.unavailable(x, region, id); refusal != nil {
				return refusal
			}
		}
	}
	return nil
}

func (f *Front) incomplete(x *exchange, region, id string) *failure {
	if _, unready := f.pending.unready(region, id, x.now, snapshot, copied); unready {
		return fail("IncorrectState", fmt.Sprintf("Snapshot '%s' is not 'completed'.", id))
	}
	return nil
}

func (f *Front) creating(x *exchange, id string) *failure {
	if _, unready := f.pending.unready(x.who.Region, id, x.now, volume); unready {
		return fail("IncorrectState", fmt.Sprintf("Volume '%s' is 'creating'.", id))
	}
	return nil
}

func (f *Front) starting(x *exchange, id string) *failure {
	if _, unready := f.pending.unready(x.who.Region, id, x.now, instance); unready {
		return fail("IncorrectState", fmt.Sprintf("Instance '%s' is not 'running'.", id))
	}
	return nil
}

func (f *Front) unavailable(x *exchange, region, id string) *failure {
	if _, unready := f.pending.unready(region, id, x.now, image, copiedImage); unready {
		return fail("InvalidAMIID.Unavailable", fmt.Sprintf("The AMI ID '%s' is currently pending and may not be used for this operation", id))
	}
	return nil
}

// imageParameter and templateParameter find an image, or a launch template, in
// RunInstances and, deeper down, in CreateFleet.
var (
	imageParameter    = regexp.MustCompile(`(^|\.)ImageId$`)
	templateParameter = regexp.MustCompile(`^(.*LaunchTemplate(?:Specification)?)\.LaunchTemplate(Id|Name)$`)
)

// imagesOf are the images that a launch would start, its templates' too.
func (f *Front) imagesOf(ctx context.Context, x *exchange) []string {
	if len(f.pending.list(x.who.Region, image, x.now))+len(f.pending.list(x.who.Region, copiedImage, x.now)) == 0 {
		return nil
	}
	var images []string
	for name, values := range x.form {
		if imageParameter.MatchString(name) {
			images = append(images, values...)
		}
	}
	if len(images) > 0 { // it overrides the template's
		return images
	}
	for name, values := range x.form {
		found := templateParameter.FindStringSubmatch(name)
		if found == nil {
			continue
		}
		version := x.form.Get(found[1] + ".Version")
		if version == "" {
			version = "$Default"
		}
		root, err := f.upstream.ask(ctx, x.place(), "ec2", url.Values{
			"Action": {"DescribeLaunchTemplateVersions"}, "Version": {"2016-11-15"},
			"LaunchTemplate" + found[2]: values[:1], "LaunchTemplateVersion.1": {version},
		})
		if err == nil { // else moto refuses the launch too, and in AWS's words
			images = append(images, texts(root, "launchTemplateVersionSet/item/launchTemplateData/imageId")...)
		}
	}
	return slices.DeleteFunc(images, func(id string) bool { return !strings.HasPrefix(id, "ami-") })
}
