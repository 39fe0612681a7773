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

// The postures. needs-person is left by a person, through the CLI.
const (
	Standby     Posture = "standby"
	FailingOver Posture = "failing-over"
	Active      Posture = "active"
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

// Starting: the input is written, the execution may or may not exist. Running:
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
const Schema = 1

// State is what the ledger holds of a plan.
type State struct {
	Schema  int       `json:"schema"` // that it was written in; see Schema
	Plan    string    `json:"plan"`
	Posture Posture   `json:"posture"`
	Side    Side      `json:"side"`    // where users are sent
	Epoch   int64     `json:"epoch"`   // counts runs; 0: none yet
	Run     string    `json:"run"`     // name of the execution of Epoch; empty before the first
	Phase   Phase     `json:"phase"`   // of Run; empty before the first
	Input   string    `json:"input"`   // the exact bytes given to StartExecution
	Since   time.Time `json:"since"`   // when Posture was taken; zero before the first run
	End     End       `json:"end"`     // of Run, once it is over
	Version int64     `json:"version"` // counts writes; each is conditional on it
}

// Serving is the side whose application is alive. Of an active plan that is the
// recovery side also when no step of the plan moves users there, because a person
// or somebody else's automation does.
func (s State) Serving() Side {
	if s.Posture == Active || s.Side == RecoverySide {
		return RecoverySide
	}
	return PrimarySide
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

// Input is what a run is started with.
type Input struct {
	Plan   string    `json:"plan"`
	Run    string    `json:"run"`
	Epoch  int64     `json:"epoch"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"` // the ledger's time of the decision
}

// Given is the input that the newest run was started with.
func (s State) Given() (Input, error) {
	var input Input
	return input, json.Unmarshal([]byte(s.Input), &input)
}

// Pins are the recovery points that a run uses, chosen once by open-run, by policy.
type Pins map[string][]lineage.Point

// Event names a journal entry.
type Event string

// A step's entry Begun is written before its first act: no entry, no act.
const (
	Begun  Event = "begun"
	Done   Event = "done"
	Failed Event = "failed"
	// Good and Missed are the turns of a step that must hold for a while: the
	// first good look after a miss, and the first miss after a good one.
	Good   Event = "good"
	Missed Event = "missed"
)

// Entry is one line of a run's journal, written once and never changed.
type Entry struct {
	Run     string            `json:"run"`
	Step    string            `json:"step"`
	Event   Event             `json:"event"`
	At      time.Time         `json:"at"`
	Detail  string            `json:"detail,omitempty"`
	Outputs map[string]string `json:"outputs,omitempty"` // of a step that is Done
}
