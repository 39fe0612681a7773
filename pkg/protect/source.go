package protect

import "time"

// Source is one protected thing, as the recovery side would bring it back now.
// Every kind of policy lists its own; ages and `pilotlight points` are made of
// nothing else.
type Source struct {
	Policy string
	ID     string    // instance whose volumes are a set, image policy, volume, database, bucket or table
	Newest time.Time // data of its newest usable recovery point on the other side; zero: there is none
	Usable int       // usable recovery points there; of what is copied without a pause, one or none
	GiB    int       // of the source; zero: AWS does not say
	// Problem is why it has no usable point, or will have none in time, in words;
	// empty: nothing is known to be wrong.
	Problem string
	// Unseen: one of the sides could not be asked, so that all of this is the other one's
	// word. Sources may be missing, and points, and how far behind the other side was left.
	Unseen bool
}
