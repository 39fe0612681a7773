// Package lineage says which snapshot, image, volume or instance belongs to
// which plan, policy and run. The answer is in the resource's tags, written in
// the very call that creates it, so there is no list of our own to go stale.
package lineage

import "time"

// Prefix begins every tag of ours: what a team's tags do not begin with.
const Prefix = "pilotlight:"

// The tags that Pilotlight writes. Only what carries Plan is ever touched.
const (
	Plan     = "pilotlight:plan"
	Policy   = "pilotlight:policy"
	Set      = "pilotlight:set"      // one consistent set: all snapshots of one CreateSnapshots call and their copies
	Size     = "pilotlight:set-size" // how many points the set has: without it, half a set would look whole
	Source   = "pilotlight:source"   // on a copy: the id of the source snapshot or image
	Origin   = "pilotlight:origin"   // on a copy: the id of the protected volume or instance; the ARN of the database
	Instance = "pilotlight:instance" // on a volume snapshot: the instance that the volume was attached to; on the copy of another tool's, which names none, the volume
	Device   = "pilotlight:device"   // on a copied volume snapshot: its device name there
	TakenAt  = "pilotlight:taken-at" // on a copy, and on a snapshot of a database: when the source data was taken, RFC 3339
	Under    = "pilotlight:key"      // on a copy: the key, as its policy named it then; absent: the service's default
	Retire   = "pilotlight:retire"   // marked for deletion at this time, RFC 3339; deleted on a later pass
	Part     = "pilotlight:part"     // on a snapshot of an image: the image's set; the snapshot lives and dies with the image
	Run      = "pilotlight:run"      // made by this run
	Step     = "pilotlight:step"     // … in this step
	Drill    = "pilotlight:drill"    // made by this drill, which is a run
	Expires  = "pilotlight:expires"  // of what a drill made: removed after this time, RFC 3339
	// Registered and a target group's name: on an instance that a step registers there.
	Registered = "pilotlight:registered/"
	Before     = "pilotlight:before" // on what a step changed and did not make: how it was, for its Undo
)

// Point is one recovery point as one region holds it: a snapshot or an image.
type Point struct {
	ID       string    `json:"id"` // snapshot or image id in Region
	Region   string    `json:"region"`
	Policy   string    `json:"policy"`
	Set      string    `json:"set"`
	SetSize  int       `json:"setSize,omitempty"` // points that the whole set has; zero counts as one
	Source   string    `json:"source,omitempty"`  // id of the source point; empty on a source
	Origin   string    `json:"origin"`            // id of the protected volume; of the imaged instance
	Instance string    `json:"instance,omitempty"`
	Device   string    `json:"device,omitempty"`
	TakenAt  time.Time `json:"takenAt"`          // when the source data was taken
	Started  time.Time `json:"started,omitzero"` // when AWS began to make this point: of a copy, later than TakenAt
	Done     time.Time `json:"done,omitzero"`    // when AWS had made it; zero: it has not, or does not say
	State    State     `json:"state"`
	SizeGiB  int       `json:"sizeGiB,omitempty"`
	Plain    bool      `json:"plain,omitempty"` // not encrypted, or not all of it
	Key      string    `json:"key,omitempty"`   // KMS key ARN; empty when not encrypted, and of an image, which does not say
	Under    string    `json:"under,omitempty"` // of a copy: that key as the policy named it; empty: the service's default
	Retire   time.Time `json:"retire,omitzero"` // zero: not marked
	Parts    []string  `json:"parts,omitempty"` // an image's snapshots: one unit with it
	Fault    string    `json:"fault,omitempty"` // what AWS says of a failure; empty: nothing
	// Tags are the team's own that a copy takes along, known of source points
	// alone. They are in no ledger: a run reads them from the snapshot.
	Tags map[string]string `json:"-"`
}

// State is what AWS says of a point.
type State string

// Only a Complete point is usable.
const (
	Pending  State = "pending"
	Complete State = "complete"
	Failed   State = "failed"
)

// Pause is how long a failed point stands in the way of the next attempt; nothing
// deletes it before, because the point itself is the memory of the failure. A
// failure arrives as an event, which starts a pass: trying again at once would be
// a loop as fast as AWS answers.
const Pause = 5 * time.Minute
