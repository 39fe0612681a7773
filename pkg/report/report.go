// Package report is what a run leaves behind: the measured recovery time and the
// measured age of the data beside the objectives, every step, recovery point and
// call, and what was not as it should be. It writes the same facts as JSON for
// machines, as a page that needs nothing but a browser, and as a closing table
// for a terminal. Progress is the run while it happens.
//
// It guarantees that what was not measured is not in it: a missing measurement
// is absent in the JSON, "not measured" in words, and never a good verdict. It
// measures nothing itself and reads no clock.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Report is one run. All times are data time: a rehearsal may run it faster than
// real time and jump over idle stretches, as TimeScale and JumpedSeconds say.
type Report struct {
	Plan     string      `json:"plan"`
	Strategy string      `json:"strategy"`
	Scenario string      `json:"scenario"`
	Primary  string      `json:"primary"`        // region that was struck
	Recovery string      `json:"recovery"`       // region that took over
	Mode     string      `json:"mode,omitempty"` // of the run: unplanned, planned, drill, failback or repair
	End      run.End     `json:"end"`            // empty: the run did not end
	Posture  run.Posture `json:"posture"`        // that the run left the plan in
	Reason   string      `json:"reason"`         // for End, in the words of who closed the run; empty: nobody did

	// Unfenced is since when the side that was left may take writes beside the new
	// one; zero: it is fenced, or cannot be.
	Unfenced time.Time `json:"unfenced,omitzero"`
	// Drift is what the run changed that the team's own infrastructure as code should
	// hear of: each by its name, with how it was and is.
	Drift []string `json:"drift,omitempty"`

	RTO Measure `json:"rto"`
	RPO Measure `json:"rpo"`

	StruckAt   time.Time `json:"struckAt"`
	DetectedAt time.Time `json:"detectedAt,omitzero"`     // the decision to recover
	StartedAt  time.Time `json:"startedAt,omitzero"`      // the run's first step
	MovedAt    time.Time `json:"trafficMovedAt,omitzero"` // the name first led to the recovery region

	Steps          []Step          `json:"steps"`
	RecoveryPoints []RecoveryPoint `json:"recoveryPoints"`
	Calls          []Call          `json:"calls"`
	Leftovers      []string        `json:"leftovers"` // what the run should have removed

	TimeScale     float64    `json:"timeScale"`     // data seconds in a real second; 1 is real time
	JumpedSeconds float64    `json:"jumpedSeconds"` // idle data time that was not waited for
	StoodSeconds  float64    `json:"stoodSeconds"`  // real time in which the machine ran nobody, and which counts for nothing
	Modelled      []Duration `json:"modelled"`      // durations that were not AWS's own
	Shopper       Shopper    `json:"shopper"`
	Checks        []Check    `json:"checks"`
	Notes         []string   `json:"notes,omitempty"` // whole sentences, of what a reader should know and is not wrong
	Problems      []string   `json:"problems"`        // whole sentences, found by who made the report
	Took          Took       `json:"took"`
}

// Measure is an objective and what was measured. MeasuredSeconds is nil when
// nothing was; WhyNot then says why, as the end of a sentence, if that is known.
type Measure struct {
	ObjectiveSeconds float64  `json:"objectiveSeconds"`
	MeasuredSeconds  *float64 `json:"measuredSeconds,omitempty"`
	WhyNot           string   `json:"whyNot,omitempty"`
	Unneeded         string   `json:"unneeded,omitempty"`
}

// Outcome is how far a step came.
type Outcome string

// A step that was never reached is Skipped: it says so, and is not left out. One
// that was under way when the run ended, because another failed, is Unfinished.
const (
	Pending    Outcome = "pending"
	Done       Outcome = "done"
	Failed     Outcome = "failed"
	Unfinished Outcome = "unfinished"
	Skipped    Outcome = "skipped"
)

// Step is one step of the plan, in the plan's order.
type Step struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	Outcome  Outcome   `json:"outcome"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Detail   string    `json:"detail,omitempty"`
}

// RecoveryPoint is one that the application came back from. AgeSeconds is its
// age when the region was struck.
type RecoveryPoint struct {
	Source           string    `json:"source"` // what was protected, or the point's own source
	Policy           string    `json:"policy"`
	TakenAt          time.Time `json:"takenAt"`
	AgeSeconds       float64   `json:"ageSeconds"`
	ObjectiveSeconds float64   `json:"objectiveSeconds"` // the policy's RPO; 0: it has none
}

// Call counts the calls of one role to one action in one region. Outside marks
// what the plan's deployment has no part in: who deploys it, the application
// itself, and who looks on.
type Call struct {
	Role     string `json:"role"`
	Service  string `json:"service"`
	Action   string `json:"action"`
	Region   string `json:"region"`
	Count    int    `json:"count"`
	Mutating bool   `json:"mutating"`
	Hung     int    `json:"hung"` // never answered, because the region was gone
	Outside  bool   `json:"outside,omitempty"`
}

// Duration is how long something was made to take, and who says that it does.
type Duration struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Source  string  `json:"source"` // text, which may hold URLs
}

// Shopper is the view from outside: one visit every data second.
type Shopper struct {
	Attempts int       `json:"attempts"`
	Misses   int       `json:"misses"`
	OutFrom  time.Time `json:"outFrom,omitzero"` // first missed visit of the outage
	OutTo    time.Time `json:"outTo,omitzero"`   // first good one after it
	Segments []Segment `json:"segments"`
}

// Segment is a stretch of visits with the same outcome at the same address.
type Segment struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	OK      bool      `json:"ok"`
	Address string    `json:"address,omitempty"`
	Visits  int       `json:"visits"`
}

// Check is one thing that was read from AWS after the run.
type Check struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Seen string `json:"seen"`
}

// Took is the real time that everything took.
type Took struct {
	RealSeconds float64 `json:"realSeconds"`
}

// Seconds is a measurement.
func Seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

// WriteJSON writes the report, indented. Empty lists are [], never null.
func (r *Report) WriteJSON(w io.Writer) error {
	full := *r
	full.Steps = list(r.Steps)
	full.RecoveryPoints = list(r.RecoveryPoints)
	full.Calls = list(r.Calls)
	full.Leftovers = list(r.Leftovers)
	full.Modelled = list(r.Modelled)
	full.Shopper.Segments = list(r.Shopper.Segments)
	full.Checks = list(r.Checks)
	full.Problems = list(r.Problems)
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(full); err != nil {
		return fmt.Errorf("write the report of %s: %w", r.Plan, err)
	}
	return nil
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
