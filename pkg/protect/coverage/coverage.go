// Package coverage finds the holes of a plan: what carries the tags that the plan
// covers and matches no policy, and a policy whose tags match nothing.
//
// It guarantees that what Pilotlight made, what is a replica of something else and
// what a policy protects by another way (the disks of a server that an image
// policy takes, the members of a cluster) are no findings. A policy that names one
// thing, a database, a bucket or a table, is not judged here: the look of its own
// kind says when that is not there.
//
// Find looks; Judge, which is pure, decides.
package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/lineage"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Finding is one hole, in words, with what to write. Equal holes read equal from
// one look to the next.
type Finding string

// Server is an EC2 instance that is not terminated.
type Server struct {
	ID      string
	Tags    map[string]string
	Running bool
}

// Disk is an EBS volume.
type Disk struct {
	ID     string
	Tags   map[string]string
	Server string // empty: it is attached to none
}

// Named is what a policy protects by its name.
type Named struct {
	Kind Kind
	Name string
	Tags map[string]string
}

// Kind is a kind of thing that a policy names.
type Kind string

// The kinds, as an operator calls them.
const (
	Instance Kind = "database"
	Cluster  Kind = "database cluster"
	Bucket   Kind = "bucket"
	Table    Kind = "table"
)

// World is what there is in the region that serves.
type World struct {
	Region  string
	Servers []Server
	Disks   []Disk
	Named   []Named
	// Adopted are the volumes of the snapshots that each policy of another tool's
	// snapshots selects, by the policy's name.
	Adopted map[string][]string
}

// Judge gives the findings: resources first, then policies. Without covers, no
// resource is one.
func Judge(covers *plan.Selector, policies []plan.Policy, w World) []Finding {
	j := judge{World: w, policies: policies, covered: map[string]bool{}, taken: map[string]bool{}}
	j.disks()
	if covers != nil && len(covers.Tags) > 0 {
		j.resources(covers.Tags)
	}
	for _, p := range policies {
		j.policy(p)
	}
	return j.findings
}

type judge struct {
	World
	policies []plan.Policy
	covered  map[string]bool // disks and servers of which some policy takes something
	taken    map[string]bool // servers that an image policy takes whole
	findings []Finding
}

func (j *judge) say(format string, args ...any) {
	j.findings = append(j.findings, Finding(fmt.Sprintf(format, args...)))
}

// disks sorts out what the policies with tags take.
func (j *judge) disks() {
	for _, p := range j.policies {
		for _, server := range j.Servers {
			if p.Images != nil && matches(server.Tags, p.Images.Tags) {
				j.covered[server.ID], j.taken[server.ID] = true, true
			}
		}
		for _, disk := range j.Disks {
			if takes(p, disk) || slices.Contains(j.Adopted[p.Name], disk.ID) {
				j.covered[disk.ID], j.covered[disk.Server] = true, true
			}
		}
	}
}

// resources finds what carries the covered tags and no policy takes. The disks of
// a server that is a finding itself are not told one by one.
func (j *judge) resources(tags map[string]string) {
	carries := func(has map[string]string) bool { return matches(has, tags) && !ours(has) }
	told := map[string]bool{}
	for _, server := range j.Servers {
		if carries(server.Tags) && !j.covered[server.ID] {
			told[server.ID] = true
			j.say("instance %s in %s carries %s, and no policy takes it or one of its volumes: %s",
				called(server.ID, server.Tags), j.Region, text(tags), j.write(tags))
		}
	}
	for _, disk := range j.Disks {
		switch {
		case !carries(disk.Tags) || j.covered[disk.ID] || j.taken[disk.Server] || told[disk.Server]:
		case disk.Server == "":
			j.say("volume %s in %s carries %s and is attached to no instance, so no policy takes it: attach it, or delete it when nobody needs its data",
				called(disk.ID, disk.Tags), j.Region, text(tags))
		default:
			j.say("volume %s of instance %s in %s carries %s, and no policy takes it: %s",
				called(disk.ID, disk.Tags), disk.Server, j.Region, text(tags), j.write(tags))
		}
	}
	for _, thing := range j.Named {
		if carries(thing.Tags) && !slices.ContainsFunc(j.policies, thing.in) {
			j.say("%s %s in %s carries %s, and no policy names it: add one with %s", thing.Kind, thing.Name, j.Region, text(tags), thing.write())
		}
	}
}

// write says how to protect what is chosen by tag: by the tags of a policy that
// is there, or by a new one.
func (j *judge) write(tags map[string]string) string {
	add := fmt.Sprintf("add a policy with volumes: {tags: {%s}}", join(tags, ": "))
	for _, p := range j.policies {
		if p.Volumes != nil {
			return fmt.Sprintf("give it the tags of policy %s (%s), or %s", p.Name, text(p.Volumes.Tags), add)
		}
	}
	return add
}

func (n Named) in(p plan.Policy) bool {
	switch n.Kind {
	case Instance:
		return p.Database != nil && p.Database.Instance != "" && n.isOneOf(p.Database.Instance, p.Database.Replica)
	case Cluster:
		return p.Database != nil && p.Database.Cluster != "" && n.isOneOf(p.Database.Cluster, p.Database.Replica)
	case Bucket:
		return p.Bucket != nil && (p.Bucket.Name == n.Name || p.Bucket.Replica == n.Name)
	default:
		return p.Table != nil && p.Table.Name == n.Name
	}
}

// isOneOf: a database may have another name on the other side, and RDS keeps any in
// lowercase.
func (n Named) isOneOf(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, n.Name) })
}

func (n Named) write() string {
	switch n.Kind {
	case Instance:
		return fmt.Sprintf("database: {instance: %s}", n.Name)
	case Cluster:
		return fmt.Sprintf("database: {cluster: %s}", n.Name)
	case Bucket:
		return fmt.Sprintf("bucket: {name: %s, replica: its replica's name}", n.Name)
	default:
		return fmt.Sprintf("table: {name: %s}", n.Name)
	}
}

// policy finds one whose tags match nothing.
func (j *judge) policy(p plan.Policy) {
	switch {
	case p.Volumes != nil:
		if !slices.ContainsFunc(j.Disks, func(d Disk) bool { return takes(p, d) }) {
			j.nothing(p.Name, "attached volume", p.Volumes.Tags)
		}
	case p.Images != nil:
		if !slices.ContainsFunc(j.Servers, func(s Server) bool { return s.Running && matches(s.Tags, p.Images.Tags) }) {
			j.nothing(p.Name, "running instance", p.Images.Tags)
		}
	case p.Snapshots != nil:
		if len(j.Adopted[p.Name]) == 0 {
			j.nothing(p.Name, "snapshot", p.Snapshots.Tags)
		}
	}
}

func (j *judge) nothing(policy, kind string, tags map[string]string) {
	j.say("policy %s protects nothing in %s, where no %s carries %s: correct the policy's tags or put them on what it is for, or take the policy out of the plan",
		policy, j.Region, kind, text(tags))
}

// takes says whether a policy snapshots a disk: it takes whole instances at once,
// and what is attached to none belongs to no set.
func takes(p plan.Policy, d Disk) bool {
	return p.Volumes != nil && d.Server != "" && matches(d.Tags, p.Volumes.Tags)
}

// ours is true of what Pilotlight made.
func ours(tags map[string]string) bool {
	for key := range tags {
		if strings.HasPrefix(key, lineage.Prefix) {
			return true
		}
	}
	return false
}

func matches(has, want map[string]string) bool {
	for key, value := range want {
		if got, ok := has[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// called is an id with the name that people know it by.
func called(id string, tags map[string]string) string {
	if name := tags["Name"]; name != "" {
		return id + " (" + name + ")"
	}
	return id
}

func text(tags map[string]string) string { return join(tags, "=") }

func join(tags map[string]string, between string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, key+between+tags[key])
	}
	return strings.Join(pairs, ", ")
}
