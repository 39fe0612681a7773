package front

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/beevik/etree"
)

// kind is what is pending.
type kind string

const (
	snapshot    kind = "snapshot"
	copied      kind = "copied snapshot"
	set         kind = "snapshot set" // of one CreateSnapshots call: only to be announced
	image       kind = "image"
	copiedImage kind = "copied image"
	instance    kind = "instance"
	checks      kind = "status checks" // of an instance
	volume      kind = "volume"
	attachment  kind = "attachment" // by volume
	creating    kind = "created database"
	promoting   kind = "promoted database"
	modifying   kind = "modified database"
	deleting    kind = "deleted database"

	creatingCluster kind = "created cluster" // of databases, by ARN

	databaseSnapshot kind = "database snapshot" // of an instance or a cluster, by ARN
	databaseCopy     kind = "copied database snapshot"

	target kind = "target" // group ARN and target id
	change kind = "record change"
)

// key is one thing that is under way.
type key struct {
	kind       kind
	region, id string
}

// thing is something that AWS is still working on, until ready.
type thing struct {
	key
	account      string // whose it is; "": the simulator's own
	began, ready time.Time
	stalled      time.Time // since when its source region is struck; zero: it is not

	source, sourceRegion string   // of a copy: the snapshot or image; of a snapshot: the volume
	parts                []string // of a set: "snapshot volume"
	lane                 string   // of a copy: two of one lane are made one after the other
	quiet                bool     // announced by something else
	failure              string   // why it will end in error; empty: it will not
	old                  databaseLooks
	last                 *etree.Element // of a deleted database: how it looked
}

// pending is everything under way, and what has become of the rest. Safe for
// concurrent use.
type pending struct {
	mu      sync.Mutex
	things  map[key]thing
	done    map[string]time.Time // by id: when it became or becomes ready
	sources map[string][2]string // of copies: id and region
	owners  map[string]string    // by id: the account of what is not the simulator's own
}

func newPending() *pending {
	return &pending{things: map[key]thing{}, done: map[string]time.Time{}, sources: map[string][2]string{}, owners: map[string]string{}}
}

// create adds a thing that is new in AWS. One that is known stays as it is: a
// call with a repeated client token is answered with what the first made.
func (p *pending) create(t thing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.done[t.id]; known {
		return
	}
	p.put(t)
}

// begin adds something that happens to a thing that exists, any number of times.
func (p *pending) begin(t thing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(t)
}

func (p *pending) put(t thing) {
	if t.id == "" {
		return // moto's answer named nothing
	}
	p.things[t.key] = t
	if t.account != "" {
		p.owners[t.id] = t.account
	}
	switch t.kind {
	case checks, set, attachment, target: // of a thing that has its own time
	default:
		p.done[t.id] = t.ready
	}
	if t.kind == copied || t.kind == copiedImage {
		p.sources[t.id] = [2]string{t.source, t.sourceRegion}
	}
}

// forget drops what was deleted in AWS, in any of the states of kinds.
func (p *pending) forget(region, id string, kinds ...kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range kinds {
		delete(p.things, key{k, region, id})
		if k != attachment {
			delete(p.done, id)
		}
	}
}

// unready is the first of kinds in which a thing is not ready now.
func (p *pending) unready(region, id string, now time.Time, kinds ...kind) (thing, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range kinds {
		if t, found := p.things[key{k, region, id}]; found && t.unready(now) {
			return t, true
		}
	}
	return thing{}, false
}

// list is what is not ready now of one kind in a region.
func (p *pending) list(region string, k kind, now time.Time) []thing {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []thing
	for _, t := range p.things {
		if t.kind == k && t.region == region && t.unready(now) {
			all = append(all, t)
		}
	}
	return all
}

// none reports whether nothing of a region is pending: its answers need no look.
func (p *pending) none(region string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.things {
		if t.region == region && t.unready(now) {
			return false
		}
	}
	return true
}

func (t thing) unready(now time.Time) bool { return !t.stalled.IsZero() || now.Before(t.ready) }

// progress is in per cent of the time that it takes, as a snapshot shows it.
func (t thing) progress(now time.Time) int {
	if whole := t.ready.Sub(t.began); t.stalled.IsZero() && whole > 0 && now.After(t.began) {
		return min(99, int(100*now.Sub(t.began)/whole))
	}
	return 0
}

// take removes and answers what is ready by now, in order of readiness.
func (p *pending) take(now time.Time) []thing {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []thing
	for k, t := range p.things {
		if !t.unready(now) {
			due = append(due, t)
			delete(p.things, k)
		}
	}
	slices.SortFunc(due, func(a, b thing) int { return a.ready.Compare(b.ready) })
	return due
}

// next is the earliest time at which something outside the struck regions is ready.
func (p *pending) next(struck func(region string) bool) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first time.Time
	for t := range maps.Values(p.things) {
		if t.stalled.IsZero() && !struck(t.region) && (first.IsZero() || t.ready.Before(first)) {
			first = t.ready
		}
	}
	return first, !first.IsZero()
}

// stall stops the copies out of a region; resume lets them go on. A copy needs
// its source until it is complete.
func (p *pending) stall(region string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, t := range p.things {
		if t.sourceRegion == region && t.region != region && t.stalled.IsZero() && t.unready(now) {
			t.stalled = now
			delete(p.done, t.id)
			p.things[k] = t
		}
	}
}

func (p *pending) resume(region string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, t := range p.things {
		if t.sourceRegion == region && !t.stalled.IsZero() {
			t.ready = t.ready.Add(now.Sub(t.stalled))
			t.stalled = time.Time{}
			p.done[t.id] = t.ready
			p.things[k] = t
		}
	}
}

func (p *pending) readyAt(id string) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.done[id]
	return at, ok
}

// owner is the account of something that was made through the front.
func (p *pending) owner(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.owners[id]
}

func (p *pending) source(id string) (source, region string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, ok := p.sources[id]
	return from[0], from[1], ok
}
