package decide

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/reserve"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/signal"
)

// Input is what decide-failover is invoked with: by the minute's tick, by a rule
// that adds the event, or by a person who adds a reason.
type Input struct {
	Plan   string      `json:"plan"`
	Detect plan.Detect `json:"detect"` // plan.Signals: every signal is among its alarms
	// Primary is the plan's, whose troubles AWS Health tells of.
	Primary string `json:"primary,omitempty"`
	// Recovery, Notify and Objectives are the plan's, for what people are told.
	Recovery   string          `json:"recovery,omitempty"`
	Notify     string          `json:"notify,omitempty"`
	Objectives plan.Objectives `json:"objectives,omitzero"`
	Gate       Gate            `json:"gate,omitzero"`
	// Drill are the alarms that stop a drill.
	Drill  []plan.Alarm    `json:"drill,omitempty"`
	Event  json.RawMessage `json:"event,omitempty"`
	Manual *Manual         `json:"manual,omitempty"`
}

// Manual starts a run without looking at alarms. Reason is required and ends up
// in the run's input.
type Manual struct {
	Reason string    `json:"reason"`
	Mode   run.Mode  `json:"mode,omitempty"` // empty: unplanned
	AsOf   time.Time `json:"asOf,omitzero"`  // recovery points from before this moment alone; zero: the newest
}

// Output says what was decided, for the log and for a person at the console.
type Output struct {
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
	Run     string  `json:"run,omitempty"`
}

// Ledger is what deciding needs of the plan's ledger. Swap is conditional: of
// two deciders with the same state in hand, one wins and the other gets
// run.ErrConflict.
type Ledger interface {
	State(ctx context.Context, plan string) (run.State, time.Time, error)
	Swap(ctx context.Context, was, next run.State) error
	Note(ctx context.Context, plan string, entry run.Entry) error
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Ages(ctx context.Context, plan string) ([]run.Age, error)
	Readiness(ctx context.Context, plan string) ([]run.Readiness, time.Time, error)
}

// Alarms reads alarms. It is asked of several at the same time.
type Alarms interface {
	// Read gives them as they are now, in the given order.
	Read(ctx context.Context, alarms []plan.Alarm) ([]Sight, error)
	// Turns is how often one went into ALARM since a moment.
	Turns(ctx context.Context, alarm plan.Alarm, since time.Time) (int, error)
}

// Executions starts the execution of the run that holds a plan's lock, on the
// machine of its mode, and looks at it. Start is idempotent: the same name and
// input is the same execution.
type Executions interface {
	Start(ctx context.Context, state run.State) error
	Status(ctx context.Context, state run.State) (Execution, error)
}

// Execution is what Step Functions says of a run. The zero value: there is none.
type Execution struct {
	Exists  bool
	Over    bool
	Ended   time.Time // zero while running
	Outcome string    // SUCCEEDED, FAILED, TIMED_OUT, ABORTED
}

// graceAfterEnd is how long after its end an execution's last function may still
// act: the longest function timeout, doubled.
const graceAfterEnd = 2 * time.Minute

// ownTurn is how long who took a lock, or raised an alert, may take to tell people of
// it: as long as a function may last. Until then nobody else does, and so deciders
// side by side send one message.
const ownTurn = graceAfterEnd / 2

const function = "decide-failover"

// Decider is decide-failover.
type Decider struct {
	Ledger     Ledger
	Alarms     Alarms
	Executions Executions
	People     Teller

	// Deployed is the Input of messages, which bring none. It is the same as the tick's.
	Deployed json.RawMessage
	// Log takes the lines that become metrics; nil: there are none.
	Log io.Writer
}

// Handle takes one input to one decision.
func (d Decider) Handle(ctx context.Context, raw json.RawMessage) (Output, error) {
	request, err := Decode(raw)
	if err != nil {
		return Output{}, err
	}
	nudges := nudges{texts: []string{"tick"}}
	if request.Event != nil {
		nudges = request.sort([]signal.Reading{signal.Of(request.Event)})
	}
	output, err := d.heed(ctx, request, nudges)
	return output, errors.Join(nudges.malformed, err)
}

func (d Decider) decide(ctx context.Context, request Input, state run.State, now time.Time) (Output, error) {
	if !state.UnderWay() && len(state.Children) > 0 { // its run died before it gave them back
		return Output{Hold, "gives back the child plans of run " + state.Run, state.Run}, reserve.Release(ctx, d.Ledger, request.Plan)
	}
	held := state.Phase == run.Starting || state.Phase == run.Running
	if held && state.Mode != run.Drill {
		return d.reconcile(ctx, request, state, now)
	}
	if request.Manual == nil {
		return d.watch(ctx, request, state, now)
	}
	order := run.Order{Mode: request.Manual.Mode, AsOf: request.Manual.AsOf, Reason: "started by hand: " + request.Manual.Reason}
	if held && order.Mode == run.Drill {
		return d.drilling(ctx, request, state, now)
	}
	if deployed, err := Decode(d.Deployed); err == nil && deployed.Plan == request.Plan {
		request.Notify, request.Recovery = deployed.Notify, deployed.Recovery // who starts a run by hand need not know
	}
	return d.start(ctx, request, state, order, now)
}

// watch decides by the signals, and by what a person answered. It looks after a drill
// as well, which stands in nobody's way.
func (d Decider) watch(ctx context.Context, request Input, state run.State, now time.Time) (Output, error) {
	output, err := d.judge(ctx, request, state, now)
	if err != nil || output.Verdict == Start || !state.UnderWay() {
		return output, err
	}
	drill, err := d.drilling(ctx, request, state, now)
	if err == nil && drill.Verdict == Ignore && output.Verdict != Ignore { // a person must hear of it all the same
		output.Run = cmp.Or(output.Run, state.Run)
		return output, nil
	}
	return drill, err
}

// judge decides. A person's word on what people were asked counts until the signals
// are well: a yes also when there are too few of them for a moment.
func (d Decider) judge(ctx context.Context, request Input, state run.State, now time.Time) (Output, error) {
	decision, outlook, err := d.look(ctx, request, state, now)
	if err != nil {
		return Output{}, err
	}
	said, answered, err := d.answered(ctx, request.Plan, state.Alert)
	if err != nil {
		return Output{}, err
	}
	answered = answered && decision.Verdict != Ignore
	switch {
	case answered && said.Word == run.SayYes:
		return d.start(ctx, request, state, run.Order{Reason: decision.Reason + "; " + said.String()}, now)
	case answered:
		return Output{Verdict: Hold, Reason: decision.Reason + "; " + said.String()}, nil
	case decision.Verdict == Start:
		return d.start(ctx, request, state, run.Order{Reason: decision.Reason}, now)
	case decision.Verdict == AskApproval, decision.Tell:
		return d.alert(ctx, request, state, decision, outlook, now)
	case state.Alert != nil && decision.Verdict == Ignore && len(request.Detect.Alarms) > 0: // an input by hand may name none
		return d.calm(ctx, request, state, decision)
	}
	return Output{Verdict: decision.Verdict, Reason: decision.Reason}, nil
}

// look reads the signals and decides. What would start, or ask, is looked at a second
// time, with what only then is worth its calls: who flaps, and what is at stake.
func (d Decider) look(ctx context.Context, request Input, state run.State, now time.Time) (Decision, Outlook, error) {
	sights, err := d.Alarms.Read(ctx, request.Detect.Alarms)
	if err != nil {
		return Decision{}, Outlook{}, err
	}
	seen := Count(request.Detect, sights)
	decision := Decide(request.Detect, state, seen, nil, now)
	if decision.Verdict != Start && decision.Verdict != AskApproval && !decision.Tell {
		return decision, Outlook{}, nil
	}
	d.flaps(ctx, sights, now)
	seen = Count(request.Detect, sights)
	ages, err := d.Ledger.Ages(ctx, request.Plan)
	if err != nil {
		return Decision{}, Outlook{}, err
	}
	ready, _, err := d.Ledger.Readiness(ctx, request.Plan)
	if err != nil {
		return Decision{}, Outlook{}, err
	}
	outlook := request.Gate.Outlook(ages, ready, seen, now)
	return Decide(request.Detect, state, seen, outlook.Objections, now), outlook, nil
}

// start takes the lock and starts the execution.
func (d Decider) start(ctx context.Context, request Input, state run.State, order run.Order, now time.Time) (Output, error) {
	next, err := state.Start(order, now)
	if err != nil {
		return Output{Verdict: Ignore, Reason: err.Error()}, nil
	}
	if err := d.Ledger.Swap(ctx, state, next); err != nil {
		return conflict(err)
	}
	output, err := d.launch(ctx, next, order.Reason, now)
	if err == nil {
		d.begun(ctx, request, next)
	}
	return output, err
}

// launch starts the execution of the run that holds the lock. Its journal says so
// first: no execution is without that entry, and a crash in between is what reconcile
// is for. Doing it again changes nothing.
func (d Decider) launch(ctx context.Context, state run.State, reason string, now time.Time) (Output, error) {
	entry := run.Entry{Run: state.Run, Step: run.Whole, Event: run.Started, At: now, Detail: reason}
	if given, err := state.Given(); err == nil {
		entry.Detail = given.Reason
	}
	if err := d.Ledger.Note(ctx, state.Plan, entry); err != nil {
		return Output{}, err
	}
	return Output{Start, reason, state.Run}, d.Executions.Start(ctx, state)
}

// reconcile sees a lock through: an execution that was never started is started
// with the very same name and input; one that is over without having closed its
// run is closed here. No clock alone ever frees a lock.
func (d Decider) reconcile(ctx context.Context, request Input, state run.State, now time.Time) (Output, error) {
	execution, err := d.Executions.Status(ctx, state)
	if err != nil {
		return Output{}, err
	}
	switch {
	case !execution.Exists:
		output, err := d.launch(ctx, state, "the lock was taken and no execution was found: sent again", now)
		if err == nil && now.Sub(state.Since) >= ownTurn {
			d.begun(ctx, request, state)
		}
		return output, err
	case !execution.Over:
		return Output{Ignore, "run " + state.Run + " is under way", state.Run}, nil
	case now.Sub(execution.Ended) < graceAfterEnd:
		return Output{Hold, "run " + state.Run + " ended " + execution.Outcome + "; its last function may still be acting", state.Run}, nil
	}
	end := run.Dirty
	if state.Phase == run.Starting {
		end = run.Aborted // open-run never took it up, so no step ran
	}
	closed, err := state.Closed(end, now)
	if err != nil {
		return Output{}, err
	}
	reason := fmt.Sprintf("run %s ended %s without closing: %s", state.Run, execution.Outcome, end)
	if err := d.Ledger.Swap(ctx, state, closed); err != nil && !errors.Is(err, run.ErrConflict) {
		return Output{}, err
	}
	return Output{Hold, reason, state.Run}, nil
}

// Decode reads an input strictly: what it does not know, it refuses.
func Decode(raw json.RawMessage) (Input, error) {
	var request Input
	if err := input.Decode(function, raw, &request); err != nil {
		return request, err
	}
	if err := input.Need(function, input.Field{Name: "plan", Value: request.Plan}); err != nil {
		return request, err
	}
	if request.Manual != nil && request.Manual.Reason == "" {
		return request, failure.BadInputf("a run started by hand needs \"manual\": {\"reason\": \"…\"}")
	}
	return request, nil
}
