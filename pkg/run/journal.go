package run

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Event names a journal entry.
type Event string

// A step's entry Begun is written before its first act: no entry, no act. So is
// Undoing before the first act that takes something back.
const (
	Begun  Event = "begun"
	Done   Event = "done"
	Failed Event = "failed"
	// Held: the step failed for good and a person was asked. Skipped: it is passed
	// over, by a person or because the plan says so.
	// Retried: the person's answer was to try again, and the machine was told so.
	Held    Event = "held"
	Retried Event = "retried"
	Skipped Event = "skipped"
	// Undone: what the step made is taken back. Left: something of it cannot be, and
	// the detail says what a person must do. For Whole, Undoing says that the run is
	// taken back, and Failed that it failed and everything stays as it is.
	Undoing Event = "undoing"
	Undone  Event = "undone"
	Left    Event = "left"
	// Halted, of Whole: the drill ends here, because one of its alarms went off or its
	// time is over; the detail says which. It counts as a person's abort.
	Halted Event = "halted"
	// Started, of Whole: a decision started the run, for the reason in the detail.
	// Asked, of Question: people were asked whether the run starts.
	Started Event = "started"
	Asked   Event = "asked"
	// Good and Missed are the turns of a step that must hold for a while: the
	// first good look after a miss, and the first miss after a good one.
	Good   Event = "good"
	Missed Event = "missed"
)

// Whole is the step under which the run's own entries and answers are kept.
const Whole = "run"

// Entry is one line of a run's journal, written once and never changed.
type Entry struct {
	Run     string            `json:"run"`
	Step    string            `json:"step"`
	Event   Event             `json:"event"`
	Attempt int               `json:"attempt,omitempty"` // how often a person had said retry before it
	At      time.Time         `json:"at"`
	Detail  string            `json:"detail,omitempty"`
	Mode    Mode              `json:"mode,omitempty"`    // of Begun: the run's at that moment, which the step keeps
	Outputs map[string]string `json:"outputs,omitempty"` // of a step that is Done
	// Request is the step's own, of Begun: what takes the step back is asked with it.
	Request json.RawMessage `json:"request,omitempty"`
	Kind    plan.Kind       `json:"kind,omitempty"` // of Begun: the step's
	// Before is how many steps had begun before this one, of Begun: the order in
	// which they are taken back, which times of one second cannot tell.
	Before int `json:"before,omitempty"`
}

// Word is what a person says to a run.
type Word string

// Retry, Skip and Abort answer a step that is held; Yes and No one that asks;
// Abort for the step Whole cancels the run. Unplanned and Planned change the mode
// of the steps that have not begun.
const (
	SayRetry     Word = "retry"
	SaySkip      Word = "skip"
	SayAbort     Word = "abort"
	SayYes       Word = "yes"
	SayNo        Word = "no"
	SayPlanned   Word = "planned"
	SayUnplanned Word = "unplanned"
)

// Answer is what a person said, written once. It is one more thing in the world:
// the step that it is for sees it at its next look.
type Answer struct {
	Run     string    `json:"run"`
	Step    string    `json:"step"`
	Attempt int       `json:"attempt,omitempty"` // of the step that is answered; for Whole: how many answers it had
	Word    Word      `json:"word"`
	By      string    `json:"by"` // ARN of the caller, or the name that was given
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
}

// String says who said what, when and why.
func (a Answer) String() string {
	text := fmt.Sprintf("%s said %s at %s", a.By, a.Word, a.At.UTC().Format(time.RFC3339))
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	return text
}
