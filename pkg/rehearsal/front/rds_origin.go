package front

import (
	"sync"
	"time"
)

// Origin is where a database's data are from. The zero value: it was made empty, or
// follows another.
type Origin struct {
	Snapshot string    // DB snapshot identifier or ARN in the region; empty: none
	Latest   bool      // as late as its backups went
	At       time.Time // restored to this moment; zero: see Latest
}

// origins of restored databases, by region and name. Safe for concurrent use.
type origins struct {
	mu sync.Mutex
	of map[string]Origin
}

// OriginOf says where the data of a restored database are from; false for one that
// was not restored through the front.
func (f *Front) OriginOf(region, database string) (Origin, bool) {
	f.origins.mu.Lock()
	defer f.origins.mu.Unlock()
	origin, ok := f.origins.of[region+"/"+database]
	return origin, ok
}

func (o *origins) note(x *exchange, database string) {
	origin := Origin{Snapshot: x.form.Get("DBSnapshotIdentifier"), Latest: x.form.Get("UseLatestRestorableTime") == "true"}
	if at, err := time.Parse(time.RFC3339, x.form.Get("RestoreTime")); err == nil {
		origin.At = at
	}
	if origin == (Origin{}) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = map[string]Origin{}
	}
	o.of[x.who.Region+"/"+database] = origin
}
