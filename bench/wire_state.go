package main

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// make makes a snapshot or a copy with the tags of the call.
func (e *ec2) make(in, volume string, size int, takes time.Duration, form url.Values) *wireSnapshot {
	e.ids++
	s := &wireSnapshot{
		ID: fmt.Sprintf("snap-%08d", e.ids), Volume: volume, Status: "pending", Start: e.now.Format(time.RFC3339),
		Size: size, done: e.now.Add(takes),
	}
	for i := 1; form.Has(fmt.Sprintf("TagSpecification.1.Tag.%d.Key", i)); i++ {
		at := fmt.Sprintf("TagSpecification.1.Tag.%d.", i)
		s.Tags = append(s.Tags, wireTag{form.Get(at + "Key"), form.Get(at + "Value")})
	}
	if s.tag(lineage.Plan) == "" || s.tag(lineage.Policy) == "" {
		e.bare++
	}
	e.snapshots[in] = append(e.snapshots[in], s)
	return s
}

func (s *wireSnapshot) tag(key string) string {
	for _, t := range s.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// tag writes one tag on, or takes it off, what a call names.
func (e *ec2) tag(in string, form url.Values, on bool) {
	named := map[string]bool{}
	for i := 1; form.Has(fmt.Sprintf("ResourceId.%d", i)); i++ {
		named[form.Get(fmt.Sprintf("ResourceId.%d", i))] = true
	}
	key := form.Get("Tag.1.Key")
	for _, s := range e.snapshots[in] {
		if !named[s.ID] {
			continue
		}
		s.Tags = slices.DeleteFunc(s.Tags, func(t wireTag) bool { return t.Key == key })
		if on {
			s.Tags = append(s.Tags, wireTag{key, form.Get("Tag.1.Value")})
		}
	}
}

// inFlight counts the copies that are being made.
func (e *ec2) inFlight() int {
	n := 0
	for _, s := range e.snapshots[standby] {
		if s.Status == "pending" {
			n++
		}
	}
	return n
}

// filtered are the snapshots that pass a listing's filters. Another tool's copies
// show up in an unfiltered listing, as pending ones.
func (e *ec2) filtered(in string, form url.Values) []*wireSnapshot {
	all := e.snapshots[in]
	if in == standby {
		for range e.foreign {
			all = append(all[:len(all):len(all)], &wireSnapshot{ID: "snap-other", Volume: "vol-ffffffff", Status: "pending", Start: e.now.Format(time.RFC3339), Transfer: "standard"})
		}
	}
	type filter struct{ tag, value string }
	var filters []filter
	for i := 1; form.Has(fmt.Sprintf("Filter.%d.Name", i)); i++ {
		tag, _ := strings.CutPrefix(form.Get(fmt.Sprintf("Filter.%d.Name", i)), "tag:")
		filters = append(filters, filter{tag, form.Get(fmt.Sprintf("Filter.%d.Value.1", i))})
	}
	var found []*wireSnapshot
	for _, s := range all {
		if !slices.ContainsFunc(filters, func(f filter) bool {
			return f.tag == "status" && s.Status != f.value || f.tag != "status" && s.tag(f.tag) != f.value
		}) {
			found = append(found, s)
		}
	}
	return found
}

type wireInstance struct {
	ID      string `xml:"instanceId"`
	Root    string `xml:"rootDeviceName"`
	Devices []struct {
		Name   string `xml:"deviceName"`
		Volume string `xml:"ebs>volumeId"`
	} `xml:"blockDeviceMapping>item"`
}

// instances are those that a listing's first filter names.
func (e *ec2) instances(form url.Values) any {
	byID := map[string]*wireInstance{}
	var found []*wireInstance
	for i := 1; form.Has(fmt.Sprintf("Filter.1.Value.%d", i)); i++ {
		id := form.Get(fmt.Sprintf("Filter.1.Value.%d", i))
		byID[id] = &wireInstance{ID: id, Root: "/dev/root"}
		found = append(found, byID[id])
	}
	for _, v := range e.volumes {
		if of := byID[v.Attachments[0].Instance]; of != nil {
			of.Devices = append(of.Devices, struct {
				Name   string `xml:"deviceName"`
				Volume string `xml:"ebs>volumeId"`
			}{v.Attachments[0].Device, v.ID})
		}
	}
	type reservation struct {
		Instances []*wireInstance `xml:"instancesSet>item"`
	}
	return struct {
		XMLName xml.Name      `xml:"DescribeInstancesResponse"`
		Items   []reservation `xml:"reservationSet>item"`
	}{Items: []reservation{{found}}}
}

// copyTheRest stands for the passes that copy 20 at a time.
func (e *ec2) copyTheRest() {
	copied := map[string]bool{}
	for _, s := range e.snapshots[standby] {
		copied[s.tag(lineage.Source)] = true
	}
	for _, s := range e.snapshots[region] {
		if !copied[s.ID] {
			e.ids++
			c := *s
			c.ID, c.Volume = fmt.Sprintf("snap-%08d", e.ids), "vol-ffffffff"
			c.Tags = append(slices.Clone(s.Tags), wireTag{lineage.Source, s.ID}, wireTag{lineage.Origin, s.Volume}, wireTag{lineage.TakenAt, s.Start})
			e.snapshots[standby] = append(e.snapshots[standby], &c)
		}
	}
}
