package lineage

import (
	"strconv"
	"time"
)

// SourceTags are the tags of a create call. They are the same for everything
// that the call makes, because CreateSnapshots and CreateImage offer no others.
func SourceTags(plan string, p Point) map[string]string {
	return compact(map[string]string{
		Plan:     plan,
		Policy:   p.Policy,
		Set:      p.Set,
		Size:     strconv.Itoa(max(p.SetSize, 1)),
		Instance: p.Instance,
	})
}

// CopyTags are the tags of the call that copies p: a copy knows neither its
// volume nor when the data was taken, so both travel in tags, and so does the name
// of the key that the copy is made under.
func CopyTags(plan string, p Point) map[string]string {
	tags := SourceTags(plan, p)
	tags[Source] = p.ID
	tags[Origin] = p.Origin
	tags[Device] = p.Device
	tags[TakenAt] = p.TakenAt.UTC().Format(time.RFC3339)
	tags[Under] = p.Under
	return compact(tags)
}

// DatabaseTags are the tags of the call that snapshots a database. They say when
// the call was made, because RDS says when the snapshot was done, and that late.
func DatabaseTags(plan string, p Point) map[string]string {
	tags := SourceTags(plan, p)
	tags[Origin] = p.Origin
	tags[TakenAt] = p.TakenAt.UTC().Format(time.RFC3339)
	return compact(tags)
}

// PartTags are the tags of an image's snapshots: no Set, so that nothing takes
// one of them for a recovery point of its own.
func PartTags(plan string, p Point) map[string]string {
	return map[string]string{Plan: plan, Policy: p.Policy, Part: p.Set}
}

// Tagged fills in what tags say of a point. A tag that is absent or unreadable
// leaves the field as it is: an unreadable Retire is no mark.
func (p Point) Tagged(tags map[string]string) Point {
	read(&p.Policy, tags[Policy])
	read(&p.Set, tags[Set])
	read(&p.Source, tags[Source])
	read(&p.Origin, tags[Origin])
	read(&p.Instance, tags[Instance])
	read(&p.Device, tags[Device])
	read(&p.Under, tags[Under])
	if size, err := strconv.Atoi(tags[Size]); err == nil && size > 0 {
		p.SetSize = size
	}
	if at, err := time.Parse(time.RFC3339, tags[TakenAt]); err == nil {
		p.TakenAt = at
	}
	if at, err := time.Parse(time.RFC3339, tags[Retire]); err == nil {
		p.Retire = at
	}
	return p
}

func read(field *string, value string) {
	if value != "" {
		*field = value
	}
}

// compact leaves out tags without a value: they say nothing and cost one of the
// fifty tags that a resource may have.
func compact(tags map[string]string) map[string]string {
	for key, value := range tags {
		if value == "" {
			delete(tags, key)
		}
	}
	return tags
}
