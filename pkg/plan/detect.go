package plan

import (
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/names"
)

// Mode says what a detected disaster does.
type Mode string

// Automatic starts a run, or asks when something speaks against it. ByApproval asks
// a person, whose yes starts the run. Manual tells people, one of whom starts it.
const (
	Automatic  Mode = "automatic"
	ByApproval Mode = "approve"
	Manual     Mode = "manual"
)

// Detect says which signals together mean a disaster, and what it does. Signals are
// the alarms, the probe from each of its regions, and the heartbeat.
type Detect struct {
	Mode      Mode       `json:"mode"`
	Alarms    []Alarm    `json:"alarms"`
	Probe     *Probe     `json:"probe,omitempty"`
	Heartbeat *Heartbeat `json:"heartbeat,omitempty"`
	Quorum    int        `json:"quorum,omitempty"` // signals that make a disaster; zero in the file means all
	// Hold is how long the quorum must have lasted; zero: it need not last. A file that
	// does not say means DefaultHold.
	Hold Duration `json:"hold,omitzero"`
	// Cooldown is how long after an aborted run a disaster is asked about and starts
	// nothing; zero in the file means DefaultCooldown.
	Cooldown Duration `json:"cooldown,omitzero"`
	// Windows are for maintenance: within them a disaster is asked about and starts
	// nothing. Empty: there are none.
	Windows []Window `json:"windows,omitempty"`
	// Answer is how long a question waits for its answer; zero in the file means
	// DefaultAnswer. After it the question is asked anew.
	Answer Duration `json:"answer,omitzero"`
}

// What a plan gets that does not say.
const (
	DefaultHold     = Duration(3 * time.Minute)
	DefaultCooldown = Duration(time.Hour)
	DefaultAnswer   = Duration(30 * time.Minute)
)

// Alarm is a CloudWatch alarm: the team's, or Pilotlight's own of a probe or a
// heartbeat.
type Alarm struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	// What the alarm counts for while it has no data, and when it cannot be read;
	// empty in the file means Unknown.
	NoData     Vote `json:"no-data,omitempty"`
	Unreadable Vote `json:"unreadable,omitempty"`
}

// Vote is what a signal counts for.
type Vote string

// Only Disaster counts towards the quorum. As long as Unknown votes could complete
// it, people are told that nobody knows.
const (
	Disaster Vote = "disaster"
	Unknown  Vote = "unknown"
	Well     Vote = "well"
)

// Probe asks the workload from outside, every minute: exactly one of URL, TCP and
// DNS is set.
type Probe struct {
	URL    string `json:"url,omitempty"`    // https://…
	Status int    `json:"status,omitempty"` // that the URL must answer with; zero in the file means 200
	Body   string `json:"body,omitempty"`   // that its body must contain; empty: anything
	TCP    string `json:"tcp,omitempty"`    // host:port that must accept a connection
	DNS    string `json:"dns,omitempty"`    // name that must resolve
	Answer string `json:"answer,omitempty"` // that DNS must be among its answers; empty: any
	// From are the regions that ask, each a signal of its own; empty in the file means
	// the recovery region.
	From    []string `json:"from,omitempty"`
	Tries   int      `json:"tries"`   // a minute; zero in the file means DefaultTries
	Timeout Duration `json:"timeout"` // of one try; zero in the file means DefaultTryTimeout
	For     Duration `json:"for"`     // how long most tries must fail, in whole minutes; zero in the file means DefaultSilence
}

// What a probe and a heartbeat get that do not say.
const (
	DefaultTries      = 3
	DefaultTryTimeout = Duration(5 * time.Second)
	DefaultSilence    = Duration(3 * time.Minute)
)

// Heartbeat is a metric that the primary side sends once a minute, whatever it is;
// its silence is a signal.
type Heartbeat struct {
	For Duration `json:"for"` // how long it must be silent, in whole minutes; zero in the file means DefaultSilence
}

// Signals is the detect section as decisions need it: every signal is among the
// alarms, those of probe and heartbeat last.
func (p *Plan) Signals() Detect {
	d := p.Detect
	d.Alarms = slices.Clone(d.Alarms)
	if d.Probe != nil {
		for _, region := range d.Probe.From {
			d.Alarms = append(d.Alarms, Alarm{Name: names.ProbeAlarm(p.Name), Region: region, NoData: Unknown, Unreadable: Unknown})
		}
	}
	if d.Heartbeat != nil {
		d.Alarms = append(d.Alarms, Alarm{Name: names.HeartbeatAlarm(p.Name), Region: p.Recovery, NoData: Unknown, Unreadable: Unknown})
	}
	d.Probe, d.Heartbeat = nil, nil
	if d.Quorum == 0 {
		d.Quorum = len(d.Alarms)
	}
	return d
}

// Has says whether a decision looks at the alarm.
func (d Detect) Has(name, region string) bool {
	return slices.ContainsFunc(d.Alarms, func(a Alarm) bool { return a.Name == name && a.Region == region })
}

func (d *Detect) fill(recovery string) {
	if d.Cooldown == 0 {
		d.Cooldown = DefaultCooldown
	}
	if d.Answer == 0 {
		d.Answer = DefaultAnswer
	}
	for i := range d.Alarms {
		d.Alarms[i].NoData = orVote(d.Alarms[i].NoData)
		d.Alarms[i].Unreadable = orVote(d.Alarms[i].Unreadable)
	}
	fillZones(d.Windows)
	if d.Heartbeat != nil && d.Heartbeat.For == 0 {
		d.Heartbeat.For = DefaultSilence
	}
	if d.Probe != nil {
		d.Probe.fill(recovery)
	}
}

func orVote(v Vote) Vote {
	if v == "" {
		return Unknown
	}
	return v
}

func (p *Probe) fill(recovery string) {
	if len(p.From) == 0 {
		p.From = []string{recovery}
	}
	if p.Tries == 0 {
		p.Tries = DefaultTries
	}
	if p.Timeout == 0 {
		p.Timeout = DefaultTryTimeout
	}
	if p.For == 0 {
		p.For = DefaultSilence
	}
	if p.URL != "" && p.Status == 0 {
		p.Status = 200
	}
}
