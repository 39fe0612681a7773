package decide

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// Teller tells people.
type Teller interface {
	// Tell sends a message to a topic. Two calls send two messages.
	Tell(ctx context.Context, topic, subject, text string) error
}

// alert tells people of a disaster that starts nothing by itself, and asks them when
// the decision does. Of one disaster they are told once; they are asked again when
// nobody has answered in time. A message that a crash kept back goes out at the next
// look: being told twice is better than never.
func (d Decider) alert(ctx context.Context, request Input, state run.State, decision Decision, o Outlook, now time.Time) (Output, error) {
	asks := decision.Verdict == AskApproval
	if state.Alert == nil || asks != (state.Alert.Run != "") || !state.Alert.Until.IsZero() && !now.Before(state.Alert.Until) {
		next := state.Warned(decision.Reason, request.patience(asks), now)
		if err := d.Ledger.Swap(ctx, state, next); err != nil {
			return conflict(err)
		}
		next.Version++
		state = next
	}
	output := Output{decision.Verdict, decision.Reason, state.Alert.Run}
	if state.Alert.Told {
		return output, nil
	}
	if asks {
		entry := run.Entry{Run: state.Alert.Run, Step: run.Question, Event: run.Asked, Attempt: state.Alert.Number, At: now, Detail: state.Alert.Reason}
		if err := d.Ledger.Note(ctx, request.Plan, entry); err != nil {
			return Output{}, err
		}
	}
	if request.Notify != "" {
		subject, text := request.message(*state.Alert, o)
		if err := d.People.Tell(ctx, request.Notify, subject, text); err != nil {
			return Output{}, err
		}
	}
	return d.swap(ctx, state, state.Told(), output)
}

// patience is how long an answer is waited for; zero: none is.
func (in Input) patience(asks bool) time.Duration {
	if !asks {
		return 0
	}
	return in.Detect.Answer.D()
}

func (d Decider) swap(ctx context.Context, was, next run.State, output Output) (Output, error) {
	if err := d.Ledger.Swap(ctx, was, next); err != nil {
		return conflict(err)
	}
	return output, nil
}

// conflict is how a look ends that lost to another one.
func conflict(err error) (Output, error) {
	if errors.Is(err, run.ErrConflict) {
		return Output{Verdict: Ignore, Reason: "another decision was first"}, nil
	}
	return Output{}, err
}

// calm withdraws an alert when what it told of is over.
func (d Decider) calm(ctx context.Context, request Input, state run.State, decision Decision) (Output, error) {
	alert := *state.Alert
	output, err := d.swap(ctx, state, state.Calm(), Output{Verdict: decision.Verdict, Reason: decision.Reason})
	if err != nil || output.Reason != decision.Reason || request.Notify == "" || !alert.Told {
		return output, err
	}
	subject := fmt.Sprintf("Pilotlight: %s is no disaster any more", request.Plan)
	if err := d.People.Tell(ctx, request.Notify, subject, "What was told of at "+alert.At.Format(time.RFC3339)+" is over, and a question is withdrawn.\n\nNow: "+decision.Reason+"\n"); err != nil {
		slog.WarnContext(ctx, "nobody was told that the alert is over", "plan", request.Plan, "err", err)
	}
	return output, nil
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

// message says what was seen, what will happen, what is at stake, and how to answer.
func (in Input) message(alert run.Alert, o Outlook) (subject, text string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Plan %s sees a disaster.\n\nSeen: %s\n", in.Plan, alert.Reason)
	fmt.Fprintf(&b, "\nAt stake: the plan's objectives are an outage of %s and a loss of %s at most.\n", in.Objectives.RTO, in.Objectives.RPO)
	for _, loss := range o.Loss {
		fmt.Fprintf(&b, "  %s\n", loss)
	}
	if alert.Run == "" {
		fmt.Fprintf(&b, "\nNothing starts by itself. Start the failover with\n  pilotlight failover %s --reason \"…\"\n", in.Plan)
		return fmt.Sprintf("Pilotlight: %s sees a disaster", in.Plan), b.String()
	}
	fmt.Fprintf(&b, "\nA yes starts run %s, a failover to %s: users are sent there, and the primary is shut out. A no leaves everything as it is until the signals are well again.\n"+
		"Answer until %s with one of\n  pilotlight answer %s %[1]s %[5]s yes\n  pilotlight answer %[4]s %[1]s %[5]s no\n",
		alert.Run, in.Recovery, alert.Until.Format(time.RFC3339), in.Plan, run.Question)
	return fmt.Sprintf("Pilotlight: shall %s fail over?", in.Plan), b.String()
}

// flaps asks of every alarm that votes for a disaster how often it went into ALARM.
func (d Decider) flaps(ctx context.Context, sights []Sight, now time.Time) {
	for i, s := range sights {
		if s.State != InAlarm {
			continue
		}
		turns, err := d.Alarms.Turns(ctx, s.Alarm, now.Add(-FlapSpan))
		if err != nil {
			slog.WarnContext(ctx, "the history of an alarm is unreadable", "alarm", s.Alarm.Name, "region", s.Alarm.Region, "err", err)
			turns = Unsure
		}
		sights[i].Turns = turns
	}
}
