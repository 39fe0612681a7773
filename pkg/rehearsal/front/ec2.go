package front

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/beevik/etree"
)

// ec2Parts are the calls that begin something, and those that what is not ready
// refuses. The Describes are in ec2Listings.
var ec2Parts = map[string]part{
	"ec2.CreateSnapshot":     {before: refuseUnready, remember: rememberSnapshot, rewrite: showUnready},
	"ec2.CreateSnapshots":    {before: refuseUnready, remember: rememberSet, rewrite: showUnready},
	"ec2.CopySnapshot":       {before: refuseCopy, remember: rememberCopy},
	"ec2.CreateImage":        {before: refuseUnready, remember: rememberImage},
	"ec2.CopyImage":          {before: refuseUnready, remember: rememberImageCopy},
	"ec2.RunInstances":       {before: refuseUnready, remember: rememberInstances, rewrite: showUnready},
	"ec2.StartInstances":     {remember: rememberStart},
	"ec2.CreateFleet":        {before: refuseUnready, remember: rememberFleet},
	"ec2.CreateVolume":       {before: refuseUnready, remember: rememberVolume, rewrite: showUnready},
	"ec2.AttachVolume":       {before: refuseUnready, remember: rememberAttachment, rewrite: showUnready},
	"ec2.DetachVolume":       {remember: forgetAttachment},
	"ec2.DeleteSnapshot":     {remember: forget("SnapshotId", snapshot, copied)},
	"ec2.DeregisterImage":    {remember: forget("ImageId", image, copiedImage)},
	"ec2.DeleteVolume":       {remember: forget("VolumeId", volume, attachment)},
	"ec2.TerminateInstances": {remember: forgetInstances},
	"ec2.StopInstances":      {remember: forgetInstances},
}

// taking is a thing of the call's region that is ready after d.
func (x *exchange) taking(k kind, id string, d time.Duration) thing {
	return thing{key: key{k, x.who.Region, id}, account: x.account, began: x.now, ready: x.now.Add(d)}
}

func rememberSnapshot(f *Front, _ context.Context, x *exchange, a *answer) {
	t := x.taking(snapshot, text(a.xml(), "snapshotId"), f.durations.Snapshot)
	t.source = text(a.xml(), "volumeId")
	f.pending.create(t)
}

// rememberSet notes a set's snapshots, which become ready together and are
// announced by one event.
func rememberSet(f *Front, _ context.Context, x *exchange, a *answer) {
	var whole thing
	for _, item := range a.xml().FindElements("snapshotSet/item") {
		t := x.taking(snapshot, text(item, "snapshotId"), f.durations.Snapshot)
		t.source, t.quiet = text(item, "volumeId"), true
		f.pending.create(t)
		if whole.id == "" {
			whole = x.taking(set, t.id, f.durations.Snapshot)
		}
		whole.parts = append(whole.parts, t.id, t.source)
	}
	if whole.id != "" {
		f.pending.begin(whole)
	}
}

// rememberCopy asks moto for what the answer does not say: size, key, and whether
// the copy will end in error, for example for a key that cannot be used.
func rememberCopy(f *Front, ctx context.Context, x *exchange, a *answer) {
	id := text(a.xml(), "snapshotId")
	t := x.taking(copied, id, f.durations.copyOf(0))
	t.source, t.sourceRegion = x.form.Get("SourceSnapshotId"), x.form.Get("SourceRegion")
	var of *etree.Element
	if root, err := f.upstream.ask(ctx, x.place(), "ec2", describe("DescribeSnapshots", "SnapshotId", id)); err == nil {
		of = root.FindElement("snapshotSet/item")
	}
	if of != nil {
		gib, _ := strconv.Atoi(text(of, "volumeSize"))
		t.lane = f.volumeOf(ctx, t.sourceRegion, t.source) + " " + text(of, "kmsKeyId")
		t.began = f.freeLane(x, t.lane)
		t.ready = t.began.Add(f.durations.copyOf(gib))
		if text(of, "status") == "error" {
			t.failure = text(of, "statusMessage")
		}
	}
	f.pending.create(t)
	if f.weather.isStruck(t.sourceRegion) {
		f.pending.stall(t.sourceRegion, x.now)
	}
}

// freeLane is when a copy of one volume with one key can begin: after the one
// before it, whose slot it does not share.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
func (f *Front) freeLane(x *exchange, lane string) time.Time {
	free := x.now
	for _, t := range f.pending.list(x.who.Region, copied, x.now) {
		if t.lane == lane && t.ready.After(free) {
			free = t.ready
		}
	}
	return free
}

// volumeOf is the volume that a snapshot was taken of; the snapshot itself when
// moto does not know.
func (f *Front) volumeOf(ctx context.Context, region, id string) string {
	root, err := f.upstream.ask(ctx, place{f.pending.owner(id), region}, "ec2", describe("DescribeSnapshots", "SnapshotId", id))
	if err != nil {
		return id
	}
	if volume := text(root, "snapshotSet/item/volumeId"); volume != "" && volume != "vol-ffffffff" {
		return volume
	}
	return id
}

func describe(action, parameter, id string) url.Values {
	return url.Values{"Action": {action}, "Version": {"2016-11-15"}, parameter + ".1": {id}}
}

func rememberImage(f *Front, ctx context.Context, x *exchange, a *answer) {
	t := x.taking(image, text(a.xml(), "imageId"), f.durations.Image)
	f.pending.create(t)
	f.rememberDisks(ctx, x, t)
}

func rememberImageCopy(f *Front, ctx context.Context, x *exchange, a *answer) {
	t := x.taking(copiedImage, text(a.xml(), "imageId"), f.durations.ImageCopy)
	t.source, t.sourceRegion = x.form.Get("SourceImageId"), x.form.Get("SourceRegion")
	f.pending.create(t)
	f.rememberDisks(ctx, x, t)
	if f.weather.isStruck(t.sourceRegion) {
		f.pending.stall(t.sourceRegion, x.now)
	}
}

// rememberDisks notes an image's snapshots, pending as long as the image is.
func (f *Front) rememberDisks(ctx context.Context, x *exchange, of thing) {
	root, err := f.upstream.ask(ctx, x.place(), "ec2", describe("DescribeImages", "ImageId", of.id))
	if err != nil {
		f.log.Error("image's snapshots unknown", "region", x.who.Region, "image", of.id, "err", err)
		return
	}
	for _, id := range texts(root, "imagesSet/item/blockDeviceMapping/item/ebs/snapshotId") {
		t := of
		t.kind, t.id, t.quiet = snapshot, id, true
		f.pending.create(t)
	}
}

func rememberInstances(f *Front, _ context.Context, x *exchange, a *answer) {
	for _, id := range texts(a.xml(), "instancesSet/item/instanceId") {
		f.startInstance(x, id, f.pending.create)
	}
}

func rememberFleet(f *Front, _ context.Context, x *exchange, a *answer) {
	for _, id := range texts(a.xml(), "fleetInstanceSet/item/instanceIds/item") {
		f.startInstance(x, id, f.pending.create)
	}
}

func rememberStart(f *Front, _ context.Context, x *exchange, a *answer) {
	for _, item := range a.xml().FindElements("instancesSet/item") {
		if text(item, "previousState/name") != "running" {
			f.startInstance(x, text(item, "instanceId"), f.pending.begin)
		}
	}
}

func (f *Front) startInstance(x *exchange, id string, add func(thing)) {
	add(x.taking(checks, id, f.durations.InstanceStart+f.durations.InstanceStatus))
	add(x.taking(instance, id, f.durations.InstanceStart))
}

func rememberVolume(f *Front, _ context.Context, x *exchange, a *answer) {
	f.pending.create(x.taking(volume, text(a.xml(), "volumeId"), f.durations.VolumeCreate))
}

func rememberAttachment(f *Front, _ context.Context, x *exchange, _ *answer) {
	f.pending.begin(x.taking(attachment, x.form.Get("VolumeId"), f.durations.VolumeAttach))
}

func forgetAttachment(f *Front, _ context.Context, x *exchange, _ *answer) {
	f.pending.forget(x.who.Region, x.form.Get("VolumeId"), attachment)
}

// forget drops the thing that a parameter names.
func forget(parameter string, kinds ...kind) func(*Front, context.Context, *exchange, *answer) {
	return func(f *Front, _ context.Context, x *exchange, _ *answer) {
		f.pending.forget(x.who.Region, x.form.Get(parameter), kinds...)
	}
}

func forgetInstances(f *Front, _ context.Context, x *exchange, _ *answer) {
	for _, id := range member(x.form, "InstanceId", "") {
		f.pending.forget(x.who.Region, id, instance, checks)
	}
}
