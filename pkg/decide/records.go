package decide

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/pilotlight/pilotlight/pkg/signal"
)

// Answer is what decide-failover answers: to a batch of SQS messages those that it
// has not dealt with, and to everything else its decision.
type Answer struct {
	*Output
	Failed []signal.Failed `json:"batchItemFailures,omitzero"`
}

// Receive is the function's front door. Messages, and an event by itself, bring no
// configuration: they are looked at with the input that was deployed with the
// function, and all of a batch lead to one look. Everything else is an Input.
//
// When the look fails, all of the batch has: the error is the function's, and SQS
// delivers every message again.
func (d Decider) Receive(ctx context.Context, raw json.RawMessage) (Answer, error) {
	readings, ok := signal.Read(raw)
	if !ok {
		output, err := d.Handle(ctx, raw)
		return Answer{Output: &output}, err
	}
	request, err := Decode(d.Deployed)
	if err != nil {
		return Answer{}, fmt.Errorf("the input that is deployed with the function: %w", err)
	}
	sorted := request.sort(readings)
	output, err := d.heed(ctx, request, sorted)
	if readings[0].Message == "" {
		return Answer{Output: &output}, errors.Join(sorted.malformed, err)
	}
	return Answer{Failed: sorted.failed}, err
}

// nudges are readings as far as they concern a plan.
type nudges struct {
	texts     []string // of what makes it look
	ignored   []signal.Ignored
	failed    []signal.Failed // the malformed messages of a batch; "[]", and not "null": all is well
	malformed error           // all that are malformed, of class BadInput; nil: none is
}

func (in Input) sort(readings []signal.Reading) nudges {
	sorted := nudges{failed: []signal.Failed{}}
	for _, r := range readings {
		if r.Err == nil && r.Ignored == nil {
			r.Ignored = in.foreign(r.Signal)
		}
		switch {
		case r.Err != nil:
			sorted.malformed = errors.Join(sorted.malformed, r.Err)
			sorted.failed = append(sorted.failed, signal.Failed{Message: r.Message})
			if r.Message != "" { // the answer has no place for an error: it is told here or nowhere
				slog.Error("message is unreadable", "plan", in.Plan, "message", r.Message, "err", r.Err)
			}
		case r.Ignored != nil:
			sorted.ignored = append(sorted.ignored, *r.Ignored)
		default:
			sorted.texts = append(sorted.texts, r.Signal.Text)
		}
	}
	return sorted
}

// foreign says why a signal is none of the plan's; nil: it is one.
func (in Input) foreign(s signal.Signal) *signal.Ignored {
	switch {
	case s.Kind == signal.AlarmChange && !in.has(s.Alarm, s.Region):
		return &signal.Ignored{Cause: signal.OtherAlarm, Reason: fmt.Sprintf("alarm %s in %s is not one of plan %s", s.Alarm, s.Region, in.Plan)}
	case s.Kind == signal.HealthEvent && s.Region != in.Primary:
		return &signal.Ignored{Cause: signal.OtherRegion, Reason: fmt.Sprintf("%s, and plan %s fears for %q", s.Text, in.Plan, in.Primary)}
	}
	return nil
}

// heed looks once if anything gives a reason to. What is ignored costs a read of the
// ledger, whose answer dates what is counted.
func (d Decider) heed(ctx context.Context, request Input, n nudges) (Output, error) {
	if len(n.texts)+len(n.ignored) == 0 {
		return Output{}, nil
	}
	state, now, err := d.Ledger.State(ctx, request.Plan)
	if len(n.texts) == 0 {
		if err != nil {
			slog.WarnContext(ctx, "ignored, and not counted", "plan", request.Plan, "reason", n.ignored[0].Reason, "err", err)
		} else {
			d.count(request.Plan, "", n.ignored, now)
		}
		return Output{Verdict: Ignore, Reason: n.ignored[0].Reason}, nil
	}
	if err != nil {
		return Output{}, err
	}
	output, err := d.decide(ctx, request, state, now)
	if err != nil {
		return output, err
	}
	d.count(request.Plan, output.Verdict, n.ignored, now)
	if output.Verdict != Ignore {
		slog.InfoContext(ctx, "decided", "plan", request.Plan, "run", output.Run, "verdict", output.Verdict, "reason", output.Reason,
			"nudge", n.texts[0], "nudges", len(n.texts))
	}
	return output, nil
}
