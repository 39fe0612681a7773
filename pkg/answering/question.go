package answering

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// reply takes the answer to whether a run starts, which decide-failover asked. The run
// has no journal yet: what is answered is the plan's alert.
func reply(ctx context.Context, ledger Ledger, record run.Record, request Request) (Answer, error) {
	if request.Word != run.SayYes && request.Word != run.SayNo {
		return Answer{}, failure.BadInputf("%q is no answer to whether run %s starts: write yes or no", request.Word, request.Run)
	}
	alert, err := asked(record, request)
	if err != nil {
		return Answer{}, err
	}
	if given, ok := record.Answer(run.Question, alert.Number); ok {
		return Answer{}, failure.BadInputf("whether run %s starts was answered before: %s", request.Run, given)
	}
	if !record.Now.Before(alert.Until) {
		return Answer{}, failure.BadInputf("the answer came too late: until %s it was waited for; you are asked anew if the disaster is still seen", alert.Until.Format(time.RFC3339))
	}
	answer := run.Answer{Run: request.Run, Step: run.Question, Attempt: alert.Number, Word: request.Word, By: request.By, Reason: request.Reason, At: record.Now}
	given, err := ledger.Say(ctx, request.Plan, answer)
	if err != nil {
		return Answer{}, err
	}
	if !given {
		return Answer{}, failure.BadInputf("whether run %s starts was answered meanwhile; `pilotlight status %s` shows what was said", request.Run, request.Plan)
	}
	return heard(ctx, ledger, record, answer)
}

// asked is the plan's question, if it is the one that is answered.
func asked(record run.Record, request Request) (run.Alert, error) {
	state, alert := record.State, record.State.Alert
	switch {
	case state.Run == request.Run:
		return run.Alert{}, failure.Failed{Class: failure.RunOver, Message: "run " + request.Run + " has started already: " + begun(state)}
	case alert == nil:
		return run.Alert{}, failure.Failed{Class: failure.RunOver, Message: "plan " + request.Plan + " asks nothing: the question was withdrawn, because the signals are well, or was never asked"}
	case alert.Run == "":
		return run.Alert{}, failure.BadInputf("plan %s asks nothing: a person starts its runs, as with `pilotlight failover %[1]s`", request.Plan)
	case alert.Run != request.Run:
		return run.Alert{}, failure.BadInputf("plan %s asks whether run %s starts, and not %s", request.Plan, alert.Run, request.Run)
	case request.Question != 0 && request.Question != alert.Number:
		return run.Alert{}, failure.BadInputf("that was question %d, which is over; plan %s asks question %d now, since %s: %s",
			request.Question, request.Plan, alert.Number, alert.At.Format(time.RFC3339), alert.Reason)
	}
	return *alert, nil
}

// begun is why the newest run started.
func begun(state run.State) string {
	given, err := state.Given()
	if err != nil {
		return "nobody knows why"
	}
	return fmt.Sprintf("%s, %s", given.Mode, given.Reason)
}

// tries is how often the state may change under an answer. Each time is a decision,
// and while people are asked there is about one a minute.
const tries = 10

// heard sees to it that no decision goes by without the answer. One that read the
// ledger before the answer was there holds a state of before: writing that state once
// more, unchanged, makes its own write a conflict, and it decides again. If it was
// first, the answer may have come too late, and that is said.
func heard(ctx context.Context, ledger Ledger, record run.Record, answer run.Answer) (Answer, error) {
	plan := record.State.Plan
	for range tries {
		err := ledger.Swap(ctx, record.State, record.State)
		if err == nil {
			slog.InfoContext(ctx, "answered", "plan", plan, "run", answer.Run, "step", answer.Step, "word", answer.Word, "by", answer.By)
			return Answer{fmt.Sprintf("%s whether run %s starts; it is acted on within a minute", answer, answer.Run)}, nil
		}
		if !errors.Is(err, run.ErrConflict) {
			return Answer{}, fmt.Errorf("the answer is written, and decide-failover will see it: %w", err)
		}
		if record, err = ledger.Open(ctx, plan, answer.Run); err != nil {
			return Answer{}, fmt.Errorf("the answer is written, and decide-failover will see it: %w", err)
		}
		state, alert := record.State, record.State.Alert
		switch {
		case state.Run == answer.Run && answer.Word == run.SayYes && state.Mode == run.Unplanned:
			return Answer{fmt.Sprintf("run %s has started: %s", answer.Run, begun(state))}, nil
		case state.Run == answer.Run:
			return Answer{}, failure.BadInputf("the answer came too late: run %s has started meanwhile: %s", answer.Run, begun(state))
		case alert == nil || alert.Run != answer.Run || alert.Number != answer.Attempt:
			return Answer{}, failure.BadInputf("the answer came too late: the question was withdrawn, or is asked anew; `pilotlight status %s` shows it", plan)
		}
	}
	return Answer{}, failure.Failed{Class: failure.TryAgain, Message: "the answer is written, and the state of plan " + plan + " changes all the time: look at its status, which shows whether it was in time"}
}
