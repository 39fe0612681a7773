package front

import (
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/beevik/etree"
)

// listing is one EC2 Describe that the front rewrites, filters and pages.
type listing struct {
	items  string            // path of its items
	id     string            // path of an item's id
	states map[string]string // filters that depend on what is pending, with the path of what they look at
}

var listings = map[string]listing{
	"DescribeSnapshots": {"snapshotSet/item", "snapshotId",
		map[string]string{"status": "status", "progress": "progress"}},
	"DescribeImages": {"imagesSet/item", "imageId",
		map[string]string{"state": "imageState"}},
	"DescribeVolumes": {"volumeSet/item", "volumeId",
		map[string]string{"status": "status", "attachment.status": "attachmentSet/item/status"}},
	"DescribeInstances": {"reservationSet/item/instancesSet/item", "instanceId",
		map[string]string{"instance-state-name": "instanceState/name", "instance-state-code": "instanceState/code",
			"block-device-mapping.status": "blockDeviceMapping/item/ebs/status"}},
	"DescribeInstanceStatus": {"instanceStatusSet/item", "instanceId",
		map[string]string{"instance-state-name": "instanceState/name", "instance-state-code": "instanceState/code",
			"instance-status.status": "instanceStatus/status", "system-status.status": "systemStatus/status",
			"instance-status.reachability": "instanceStatus/details/item/status",
			"system-status.reachability":   "systemStatus/details/item/status"}},
}

// ec2Listings are the parts made of listings.
var ec2Listings = func() map[string]part {
	all := map[string]part{}
	for action := range maps.Keys(listings) {
		all["ec2."+action] = part{before: prepareListing, rewrite: finishListing}
	}
	return all
}()

// prepareListing keeps from moto what only the front can answer: state filters,
// because moto believes that everything is complete, and paging.
func prepareListing(_ *Front, _ context.Context, x *exchange) *failure {
	l := listings[x.who.Action]
	page, refusal := readPage(x.who.Action, x.form)
	if refusal != nil {
		return refusal
	}
	x.page = page
	x.filters = withhold(x.form, func(name string) bool { return l.states[name] != "" })
	if x.page != nil || len(x.filters) > 0 {
		x.form.Del("MaxResults")
		x.form.Del("NextToken")
		x.edited = true
	}
	return nil
}

func finishListing(f *Front, x *exchange, a *answer) *failure {
	if x.page == nil && len(x.filters) == 0 && f.pending.none(x.who.Region, x.now) {
		return nil // moto's answer is AWS's
	}
	if refusal := showUnready(f, x, a); refusal != nil {
		return refusal
	}
	l := listings[x.who.Action]
	root := a.xml()
	for _, item := range root.FindElements(l.items) {
		if !keep(x, l, item) {
			item.Parent().RemoveChild(item)
		}
	}
	if x.page != nil {
		x.page.cut(root, l)
	}
	for _, reservation := range root.FindElements("reservationSet/item") {
		if reservation.FindElement("instancesSet/item") == nil {
			reservation.Parent().RemoveChild(reservation)
		}
	}
	return nil
}

func keep(x *exchange, l listing, item *etree.Element) bool {
	for _, f := range x.filters {
		if !f.matches(texts(item, l.states[f.name])) {
			return false
		}
	}
	// Only running instances have a status, unless all are asked for:
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html
	if x.who.Action == "DescribeInstanceStatus" && x.form.Get("IncludeAllInstances") != "true" {
		return text(item, "instanceState/name") == "running"
	}
	return true
}

// showUnready rewrites what an answer of EC2 says of things that are not ready.
func showUnready(f *Front, x *exchange, a *answer) *failure {
	d := dresser{pending: f.pending, region: x.who.Region, now: x.now}
	root := a.xml()
	switch x.who.Action {
	case "CreateSnapshot":
		d.snapshot(root, "status")
	case "CreateSnapshots":
		d.each(root, "snapshotSet/item", func(e *etree.Element) { d.snapshot(e, "state") })
	case "DescribeSnapshots":
		d.each(root, "snapshotSet/item", func(e *etree.Element) { d.snapshot(e, "status") })
	case "DescribeImages":
		d.each(root, "imagesSet/item", d.image)
	case "RunInstances":
		d.each(root, "instancesSet/item", d.instance)
	case "DescribeInstances":
		d.each(root, "reservationSet/item/instancesSet/item", d.instance)
	case "DescribeInstanceStatus":
		d.each(root, "instanceStatusSet/item", d.instanceStatus)
	case "CreateVolume":
		d.volume(root)
	case "DescribeVolumes":
		d.each(root, "volumeSet/item", d.volume)
	case "AttachVolume":
		put(root, "status", "attaching")
	}
	return nil
}

// dresser makes one region's things look as unready as they are.
type dresser struct {
	pending *pending
	region  string
	now     time.Time
}

func (d dresser) each(root *etree.Element, path string, dress func(*etree.Element)) {
	for _, item := range root.FindElements(path) {
		dress(item)
	}
}

func (d dresser) snapshot(item *etree.Element, state string) {
	if t, unready := d.pending.unready(d.region, text(item, "snapshotId"), d.now, snapshot, copied); unready {
		put(item, state, "pending")
		put(item, "progress", strconv.Itoa(t.progress(d.now))+"%")
		if message := item.SelectElement("statusMessage"); message != nil {
			item.RemoveChild(message)
		}
	}
}

func (d dresser) image(item *etree.Element) {
	if _, unready := d.pending.unready(d.region, text(item, "imageId"), d.now, image, copiedImage); unready {
		put(item, "imageState", "pending")
	}
}

func (d dresser) instance(item *etree.Element) {
	if _, unready := d.pending.unready(d.region, text(item, "instanceId"), d.now, instance); unready {
		setState(item, "instanceState")
	}
	d.each(item, "blockDeviceMapping/item/ebs", d.attached)
}

// setState says pending: code 0.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
func setState(item *etree.Element, tag string) {
	state := item.SelectElement(tag)
	if state == nil {
		state = item.CreateElement(tag)
	}
	put(state, "code", "0")
	put(state, "name", "pending")
}

func (d dresser) instanceStatus(item *etree.Element) {
	id := text(item, "instanceId")
	if _, unready := d.pending.unready(d.region, id, d.now, instance); unready {
		setState(item, "instanceState")
	}
	if _, unready := d.pending.unready(d.region, id, d.now, checks); !unready {
		return
	}
	for _, of := range []string{"instanceStatus", "systemStatus"} {
		d.each(item, of, func(e *etree.Element) { put(e, "status", "initializing") })
		d.each(item, of+"/details/item", func(e *etree.Element) { put(e, "status", "initializing") })
	}
}

func (d dresser) volume(item *etree.Element) {
	if _, unready := d.pending.unready(d.region, text(item, "volumeId"), d.now, volume); unready {
		put(item, "status", "creating")
	}
	d.each(item, "attachmentSet/item", d.attached)
}

// attached rewrites one attachment, as a volume or an instance shows it.
func (d dresser) attached(item *etree.Element) {
	if _, unready := d.pending.unready(d.region, text(item, "volumeId"), d.now, attachment); unready {
		put(item, "status", "attaching")
	}
}
