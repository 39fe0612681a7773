package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// Request is reap-drills' input.
type Request struct {
	Plan     string        `json:"plan"`
	Recovery string        `json:"recovery"` // region that drills act in
	TTL      plan.Duration `json:"ttl"`      // of what a drill makes
}

// Answer says how far a pass came: for the log, and for who tries it in the console.
type Answer struct {
	Reaped    []string   `json:"reaped"`    // drills of which nothing is left to take back
	Pending   []string   `json:"pending"`   // what the next pass goes on with, a sentence each
	Leftovers []Leftover `json:"leftovers"` // still there after their time
}

// Ledger is what the reaper needs of the plan's ledger.
type Ledger interface {
	State(ctx context.Context, plan string) (run.State, time.Time, error)
	Open(ctx context.Context, plan, runID string) (run.Record, error)
	Note(ctx context.Context, plan string, entry run.Entry) error
	Swap(ctx context.Context, was, next run.State) error
}

// Steps asks a step's function, waits for its answer and gives that back. What the
// function itself says it could not do is failure.Failed; any other error says that
// it was not heard.
type Steps interface {
	Ask(ctx context.Context, plan, function string, request json.RawMessage) (step.Answer, error)
}

// Remains lists what carries the tag of a drill of the plan, as AWS has it now.
type Remains interface {
	List(ctx context.Context, region, plan string) ([]Leftover, error)
}

// Reaper is reap-drills.
type Reaper struct {
	Ledger  Ledger
	Steps   Steps
	Remains Remains
	Out     io.Writer // of the metric, a line of CloudWatch's embedded format
}

// New is a reaper whose metric goes to the standard output, which Lambda sends to
// CloudWatch Logs.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
func New(ledger Ledger, steps Steps, remains Remains) Reaper {
	return Reaper{ledger, steps, remains, os.Stdout}
}

const (
	function = "reap-drills"
	// landed is how long after the lock was lost a step's last look may still begin
	// something: the functions' timeout, doubled.
	landed = 2 * time.Minute
	// needed is what a pass keeps for asking a step once more: the functions' timeout
	// and a margin.
	needed = 75 * time.Second
)

// Handle makes one pass. It can be interrupted anywhere, and two may overlap: what is
// taken back is the steps' to look at first, and the journal says what is.
func (r Reaper) Handle(ctx context.Context, raw json.RawMessage) (Answer, error) {
	var request Request
	if err := input.Decode(function, raw, &request); err != nil {
		return Answer{}, err
	}
	if err := input.Need(function, input.Field{Name: "plan", Value: request.Plan}, input.Field{Name: "recovery", Value: request.Recovery}); err != nil {
		return Answer{}, err
	}
	state, now, err := r.Ledger.State(ctx, request.Plan)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Reaped: []string{}, Pending: []string{}}
	for _, id := range state.Drills {
		pending, err := r.drill(ctx, request, state, id, now)
		switch {
		case err != nil:
			slog.WarnContext(ctx, "drill not reaped", "plan", request.Plan, "run", id, "err", err)
			answer.Pending = append(answer.Pending, fmt.Sprintf("drill %s: %v", id, err))
		case pending != "":
			answer.Pending = append(answer.Pending, fmt.Sprintf("drill %s: %s", id, pending))
		default:
			slog.InfoContext(ctx, "drill reaped", "plan", request.Plan, "run", id)
			answer.Reaped = append(answer.Reaped, id)
		}
	}
	return r.report(ctx, request, state, now, answer)
}

// drill sees to one drill, and says what is still to do; empty: nothing.
func (r Reaper) drill(ctx context.Context, request Request, state run.State, id string, now time.Time) (string, error) {
	if !state.Interrupted(id) {
		return r.outlived(ctx, request, state, id, now)
	}
	if now.Before(state.Since.Add(landed)) {
		return "its last function may still be acting", nil
	}
	if waiting, err := r.takeBack(ctx, request.Plan, id); waiting != "" || err != nil {
		return waiting, err
	}
	record, err := r.Ledger.Open(ctx, request.Plan, id)
	if err != nil {
		return "", err
	}
	if open := owed(record); len(open) > 0 {
		return fmt.Sprintf("step %s is not taken back: %s", open[0].Step, why(record, open[0].Step)), nil
	}
	err = r.Ledger.Swap(ctx, record.State, record.State.Reaped(id))
	if errors.Is(err, run.ErrConflict) {
		return "its plan's state was changed meanwhile", nil
	}
	return "", err
}

// outlived halts a drill that goes on for longer than what it makes may stay. Its
// own machine takes it back; nothing of a run that holds the lock is touched here.
func (r Reaper) outlived(ctx context.Context, request Request, state run.State, id string, now time.Time) (string, error) {
	given, err := state.Given()
	if err != nil {
		return "", failure.Permanentf("the input of run %s in the ledger is not JSON: %v", id, err)
	}
	if now.Before(given.At.Add(request.TTL.D())) {
		return "it goes on", nil
	}
	reason := fmt.Sprintf("its time, which was %s", request.TTL)
	return "halted by " + reason, r.Ledger.Note(ctx, request.Plan, run.Entry{Run: id, Step: run.Whole, Event: run.Halted, At: now, Detail: reason})
}

// takeBack asks the steps of a drill to take back what they made, newest first, as
// its machine would have. One that is under way is waited for by the next pass; one
// that cannot does not stand in the way of the others, and is asked again each time.
func (r Reaper) takeBack(ctx context.Context, plan, id string) (waiting string, err error) {
	record, err := r.Ledger.Open(ctx, plan, id)
	if err != nil {
		return "", err
	}
	for _, begun := range owed(record) {
		if !room(ctx) {
			return "step " + begun.Step + " is next", nil
		}
		request, err := step.Undoing(begun)
		if err != nil {
			return "", err
		}
		answer, err := r.Steps.Ask(ctx, plan, string(begun.Kind), request)
		var refused failure.Failed
		switch _, left := record.First(begun.Step, run.Left); {
		case errors.As(err, &refused) && refused.Class != failure.TryAgain:
			detail := "step " + begun.Step + " could not be taken back: " + refused.Message
			if err := r.Ledger.Note(ctx, plan, run.Entry{Run: id, Step: begun.Step, Event: run.Left, At: record.Now, Detail: detail}); err != nil {
				return "", err
			}
		case err != nil:
			return "", fmt.Errorf("take back step %s: %w", begun.Step, err)
		case answer.Status != step.StatusDone && !left:
			return "step " + begun.Step + ": " + answer.Detail, nil
		}
	}
	return "", nil
}

// owed are the steps that began and were not taken back, the newest first: also
// those of which something was left.
func owed(record run.Record) []run.Entry {
	begun := record.Begun()
	slices.Reverse(begun)
	return slices.DeleteFunc(begun, func(entry run.Entry) bool {
		_, undone := record.First(entry.Step, run.Undone)
		return undone
	})
}

func why(record run.Record, step string) string {
	if left, ok := record.First(step, run.Left); ok {
		return left.Detail
	}
	return "it has begun meanwhile"
}

// room says whether the function has the time to ask a step once more.
func room(ctx context.Context) bool {
	end, ends := ctx.Deadline()
	asking, cancel := context.WithTimeout(ctx, needed)
	defer cancel()
	answered, _ := asking.Deadline()
	return !ends || answered.Before(end)
}
