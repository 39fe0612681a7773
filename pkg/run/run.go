// Package run is a failover run and the posture of the plan it belongs to: which
// side serves, which run holds the lock, under which epoch, and what its journal
// says. It is pure; pkg/ledger keeps it in DynamoDB.
package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/lineage"
)

// Posture is where a plan stands.
type Posture string

// The postures. Drilling stands beside standby: a real disaster ends a drill.
// Repairing is standby while data are put back in place. NeedsPerson is left by a
// person, through answer-run.
const (
	Standby     Posture = "standby"
	Drilling    Posture = "drilling"
	Repairing   Posture = "repairing"
	FailingOver Posture = "failing-over"
	Active      Posture = "active"
	FailingBack Posture = "failing-back"
	NeedsPerson Posture = "needs-person"
)

// Side is the side that users are sent to.
type Side string

// A plan that was never failed over is served by its primary.
const (
	PrimarySide  Side = "primary"
	RecoverySide Side = "recovery"
)

// Phase is how far the run that holds the lock has come.
type Phase string

// Reserved comes before them, in a child plan. Starting: the input is written, the execution may or may not exist. Running:
// open-run has seen it. Over: close-run, or a reconcile, has ended it.
const (
	Starting Phase = "starting"
	Running  Phase = "running"
	Over     Phase = "over"
)

// End is how a run ended.
type End string

// Recovered; Aborted: nothing was changed, or all of it undone; Dirty: something
// is left half-way and a person is needed.
const (
	Recovered End = "Recovered"
	Aborted   End = "Aborted"
	Dirty     End = "Dirty"
)

// Schema is the form in which State, Entry and Pins are kept. It goes up when an
// older Pilotlight would misread what a newer one wrote.
const Schema = 2

// State is what the ledger holds of a plan.
type State struct {
	Schema  int       `json:"schema"` // that it was written in; see Schema
	Plan    string    `json:"plan"`
	Posture Posture   `json:"posture"`
	Side    Side      `json:"side"`  // where users are sent
	Epoch   int64     `json:"epoch"` // counts runs; 0: none yet
	Run     string    `json:"run"`   // name of the execution of Epoch; empty before the first
	Phase   Phase     `json:"phase"` // of Run; empty before the first
	Input   string    `json:"input"` // the exact bytes given to StartExecution
	Since   time.Time `json:"since"` // when Posture was taken; zero before the first run
	End     End       `json:"end"`   // of Run, once it is over
	Mode    Mode      `json:"mode"`  // that Run was started in; empty before the first
	From    Posture   `json:"from"`  // where an aborted Run goes back to; empty before the first
	// Drills are the runs of drills that may have left something: the newest one
	// while it goes on, and any that was interrupted, until the reaper has been there.
	Drills []string `json:"drills,omitempty"`
	// Unfenced is since when the old primary may still take writes; zero: it is
	// fenced, or no plan step fences it.
	Unfenced time.Time `json:"unfenced,omitzero"`
	// Turned says that protection has been turned round before the run is over.
	Turned bool `json:"turned,omitempty"`
	// Wanted is from when recovery points must be: the run needs what was written until
	// its fence, so that older ones are due whatever their age. Zero: none are wanted.
	Wanted time.Time `json:"wanted,omitzero"`
	// Children are the plans whose locks Run has reserved and not given back.
	Children []string `json:"children,omitempty"`
	// Alert is what people were told of the disaster that is seen now, and asked; nil:
	// none is, or they were told of none.
	Alert   *Alert `json:"alert,omitempty"`
	Alerts  int    `json:"alerts,omitempty"` // counts them since Run began, so that no answer is taken for another's
	Version int64  `json:"version"`          // counts writes; each is conditional on it
}

// Alert is a notice of a disaster that started nothing. One that has a Run asks: the
// answer yes to its step Question starts that run.
type Alert struct {
	Run    string    `json:"run,omitempty"` // that a yes starts; empty: nothing is asked
	Number int       `json:"number"`        // see State.Alerts; the answer's Attempt
	At     time.Time `json:"at"`
	Until  time.Time `json:"until,omitzero"` // later answers are refused; zero: none is waited for
	Reason string    `json:"reason"`         // the decision's
	Told   bool      `json:"told"`           // the message has gone out
}

// Question is the step under which the answer to an Alert is kept, in the run that it
// would start.
const Question = "start"

// Serving is the side whose application is alive. Of an active plan that is the
// recovery side also when no step of the plan moves users there, because a person
// or somebody else's automation does. While the plan fails back it is the
// recovery side until users are moved, or until protection is turned round.
func (s State) Serving() Side {
	switch {
	case s.Posture == FailingBack:
		if s.Turned {
			return PrimarySide
		}
		return RecoverySide
	case s.Posture == Active, s.Side == RecoverySide, s.Turned:
		return RecoverySide
	}
	return PrimarySide
}

// Resting says whether protection passes must leave everything as it is: while an
// unplanned failover goes on the side that served may be gone or hang, and the run
// needs its points where they are. Resume-protection ends that early.
func (s State) Resting() bool {
	return s.Posture == FailingOver && !s.Mode.Graceful() && !s.Turned
}

// ErrConflict means that somebody else wrote the state since it was read: read
// again and decide again.
var ErrConflict = errors.New("the plan's state was changed meanwhile")

// New is the state of a plan that has never run.
func New(plan string) State {
	return State{Schema: Schema, Plan: plan, Posture: Standby, Side: PrimarySide}
}

// Name is the execution's name: one epoch, one name, for ever.
func Name(plan string, epoch int64) string { return fmt.Sprintf("%s-%d", plan, epoch) }

// Mode is what a run is for.
type Mode string

// The modes. Only Unplanned and Planned can be exchanged while a run goes on.
const (
	Unplanned Mode = "unplanned" // the primary may be gone: nothing waits for it
	Planned   Mode = "planned"   // both sides are well: fence first, lose nothing
	Drill     Mode = "drill"     // isolated from what serves, and undone at its end
	Failback  Mode = "failback"  // back to the primary side, planned
	Repair    Mode = "repair"    // data put back in the primary region, without a failover
)

// Graceful says whether the side that is left is alive and must lose nothing.
func (m Mode) Graceful() bool { return m == Planned || m == Failback }

// Order is what somebody asks for when a run is to start.
type Order struct {
	Mode   Mode      // empty: Unplanned
	Reason string    // for people; required
	AsOf   time.Time // recovery points from before this moment alone; zero: the newest
	Parent string    // the run of a parent plan that this one belongs to; empty: none
}

// Input is what a run is started with.
type Input struct {
	Plan   string    `json:"plan"`
	Run    string    `json:"run"`
	Epoch  int64     `json:"epoch"`
	Mode   Mode      `json:"mode"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"` // the ledger's time of the decision
	AsOf   time.Time `json:"asOf,omitzero"`
	Parent string    `json:"parent,omitempty"`
}

// Given is the input that the newest run was started with.
func (s State) Given() (Input, error) {
	var input Input
	return input, json.Unmarshal([]byte(s.Input), &input)
}

// Pins are the recovery points that a run uses, chosen once by open-run, by policy.
type Pins map[string][]lineage.Point
