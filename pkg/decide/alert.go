package decide

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Teller tells people.
type Teller interface {
	// Tell sends a message to a topic. Two calls send two messages.
	Tell(ctx context.Context, topic, subject, text string) error
}

// alert tells people of a disaster that starts nothing by itself, and asks them when
// the decision does. Of one disaster they are told once; they are asked again when
// nobody has answered in time. Who raised the alert tells of it. What a crash kept back
// goes out at a later look: being told twice is better than never.
func (d Decider) alert(ctx context.Context, request Input, state run.State, decision Decision, o Outlook, now time.Time) (Output, error) {
	asks, raised := decision.Verdict == AskApproval, false
	if state.Alert == nil || asks != (state.Alert.Run != "") || !state.Alert.Until.IsZero() && !now.Before(state.Alert.Until) {
		next := state.Warned(decision.Reason, request.patience(asks), now)
		if err := d.Ledger.Swap(ctx, state, next); err != nil {
			return conflict(err)
		}
		next.Version++
		state, raised = next, true
	}
	output := Output{decision.Verdict, decision.Reason, state.Alert.Run}
	if state.Alert.Told || !raised && now.Sub(state.Alert.At) < ownTurn {
		return output, nil
	}
	if asks {
		entry := run.Entry{Run: state.Alert.Run, Step: run.Question, Event: run.Asked, Attempt: state.Alert.Number, At: now, Detail: state.Alert.Reason}
		if err := d.Ledger.Note(ctx, request.Plan, entry); err != nil {
			return Output{}, err
		}
	}
	if request.Notify != "" {
		subject, text := request.Message(*state.Alert, o)
		if err := d.People.Tell(ctx, request.Notify, subject, text); err != nil {
			return Output{}, err
		}
	}
	if err := d.Ledger.Swap(ctx, state, state.Told()); err != nil && !errors.Is(err, run.ErrConflict) {
		return Output{}, err
	}
	return output, nil // in a conflict somebody answered, or looked: they are told again at worst
}

// patience is how long an answer is waited for; zero: none is.
func (in Input) patience(asks bool) time.Duration {
	if !asks {
		return 0
	}
	return cmp.Or(in.Detect.Answer, plan.DefaultAnswer).D() // an input by hand may not say
}

// conflict is how a look ends that lost to another one.
func conflict(err error) (Output, error) {
	if errors.Is(err, run.ErrConflict) {
		return Output{Verdict: Ignore, Reason: "another decision was first"}, nil
	}
	return Output{}, err
}

// calm withdraws an alert when what it told of is over. An answer that came until then
// comes to nothing, and people are told so; later ones are refused.
func (d Decider) calm(ctx context.Context, request Input, state run.State, decision Decision) (Output, error) {
	if err := d.Ledger.Swap(ctx, state, state.Calm()); err != nil {
		return conflict(err)
	}
	output := Output{Verdict: decision.Verdict, Reason: decision.Reason}
	if request.Notify == "" {
		return output, nil
	}
	said, answered, err := d.answered(ctx, request.Plan, state.Alert)
	if err != nil {
		slog.WarnContext(ctx, "whether a withdrawn question was answered is not known", "plan", request.Plan, "run", state.Alert.Run, "err", err)
	}
	last := ""
	if answered {
		last = said.String()
	}
	subject, text := request.over(*state.Alert, decision.Reason, last)
	d.tell(ctx, request, subject, text)
	return output, nil
}

// begun tells people that a run has started which changes what serves.
func (d Decider) begun(ctx context.Context, request Input, state run.State) {
	given, err := state.Given()
	if err != nil || state.Mode == run.Drill || request.Notify == "" {
		return
	}
	subject, text := request.started(given)
	d.tell(ctx, request, subject, text)
}

// tell tells people of what is done already: when that fails, it stays done.
func (d Decider) tell(ctx context.Context, request Input, subject, text string) {
	if err := d.People.Tell(ctx, request.Notify, subject, text); err != nil {
		slog.WarnContext(ctx, "nobody was told", "plan", request.Plan, "reason", subject, "err", err)
	}
}

// answered is what a person said to the alert's question.
func (d Decider) answered(ctx context.Context, plan string, alert *run.Alert) (run.Answer, bool, error) {
	if alert == nil || alert.Run == "" {
		return run.Answer{}, false, nil
	}
	record, err := d.Ledger.Open(ctx, plan, alert.Run)
	if err != nil {
		return run.Answer{}, false, err
	}
	said, ok := record.Answer(run.Question, alert.Number)
	return said, ok, nil
}

// flaps asks of every alarm that votes for a disaster how often it went into ALARM, of
// all at the same time: a start waits for it.
func (d Decider) flaps(ctx context.Context, sights []Sight, now time.Time) {
	var asking sync.WaitGroup
	for i, s := range sights {
		if s.State != InAlarm {
			continue
		}
		asking.Go(func() {
			turns, err := d.Alarms.Turns(ctx, s.Alarm, now.Add(-FlapSpan))
			if err != nil {
				slog.WarnContext(ctx, "the history of an alarm is unreadable", "alarm", s.Alarm.Name, "region", s.Alarm.Region, "err", err)
				turns = Unsure
			}
			sights[i].Turns = turns
		})
	}
	asking.Wait()
}
