package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// personAfter is what someone is given, modelled, to hear of a disaster, to judge
// it, and to start a run; and to answer what a run asks.
const (
	personAfter = 5 * time.Minute
	fromPerson  = "an assumption: measure it with your own people"
	somebody    = "a person, modelled"
)

// Person answers what a run asks of people: the entry of a step that is held, or
// of an approval that has begun; or whether a run starts at all, which is asked as
// run.Question. An empty word: nothing is said.
type Person func(asked run.Entry) run.Word

// Reluctant says yes to what asks, and abort to what is held.
func Reluctant(asked run.Entry) run.Word {
	if asked.Event == run.Held {
		return run.SayAbort
	}
	return run.SayYes
}

// startByHand invokes decide-failover as the Lambda console does, with what
// events/decide-failover/manual.json has.
func (r *rehearsal) startByHand(ctx context.Context) error {
	if !r.scenario.calm {
		r.modelled = append(r.modelled, report.Duration{Name: "a person's decision to start", Seconds: personAfter.Seconds(), Source: fromPerson})
		r.Say("a person hears of it, judges it, and starts the run")
		if err := r.cloud.Clock.Wait(ctx, personAfter); err != nil {
			return err
		}
	}
	manual := &decide.Manual{Reason: "rehearsal of " + r.scenario.name + " in " + r.on.Primary, Mode: r.scenario.mode}
	if r.scenario.asOf {
		manual.AsOf = r.struck
	}
	in := decide.Input{Plan: r.Plan.Name, Detect: r.Plan.Detect, Manual: manual}
	if r.Plan.Drill != nil {
		for _, name := range r.Plan.Drill.Alarms {
			in.Drill = append(in.Drill, plan.Alarm{Name: name, Region: r.Plan.Recovery})
		}
	}
	request, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write the manual start: %w", err)
	}
	answer := r.cloud.Host.Invoke(ctx, names.Function(r.Plan.Name, "decide-failover"), request, false)
	if answer.FunctionError != "" {
		r.problem("The start by hand was refused: %s.", answer.Payload)
	}
	return nil
}

// answer says to the run what a person says five minutes after having been asked.
func (r *rehearsal) answer(ctx context.Context) error {
	open := r.questions()
	if alert := r.alert; alert != nil && alert.Run != "" {
		open = append(open, run.Entry{Run: alert.Run, Step: run.Question, Event: run.Asked, Attempt: alert.Number, Detail: alert.Reason})
	}
	for _, asked := range open {
		key := fmt.Sprintf("%s %s %d", asked.Step, asked.Event, asked.Attempt)
		now := r.cloud.Clock.Now()
		since, known := r.asked[key]
		switch {
		case !known:
			r.asked[key] = now
			r.Say(fmt.Sprintf("step %s asks a person: %s", asked.Step, asked.Detail))
			continue
		case since.IsZero() || now.Sub(since) < personAfter:
			continue
		}
		r.asked[key] = time.Time{} // answered, once
		word := r.Person(asked)
		if word == "" {
			continue
		}
		if asked.Step == run.Question {
			r.modelled = append(r.modelled, report.Duration{Name: "a person's answer to whether a run starts", Seconds: personAfter.Seconds(), Source: fromPerson})
		}
		r.Say(fmt.Sprintf("a person says %s to %s", word, asked.Step))
		request, err := json.Marshal(answering.Request{
			Plan: r.Plan.Name, Run: asked.Run, Step: asked.Step, Word: word, By: somebody, Reason: "rehearsal of " + r.scenario.name,
		})
		if err != nil {
			return err
		}
		answer := r.cloud.Host.Invoke(ctx, names.Function(r.Plan.Name, "answer-run"), request, false)
		if answer.FunctionError != "" {
			r.problem("The answer %s to step %s was refused: %s.", word, asked.Step, answer.Payload)
		}
	}
	return nil
}

// questions are the entries of the run that a person has not answered.
func (r *rehearsal) questions() []run.Entry {
	if r.record.State.Phase == run.Over {
		return nil
	}
	if _, stopped := r.record.Stopped(); stopped {
		return nil
	}
	var open []run.Entry
	for _, entry := range r.record.Entries {
		asks := entry.Event == run.Held || entry.Event == run.Begun && entry.Kind == plan.KindApprove && !r.record.Passed(entry.Step)
		if _, answered := r.record.Answer(entry.Step, entry.Attempt); asks && !answered {
			open = append(open, entry)
		}
	}
	return open
}
