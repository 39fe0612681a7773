package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// measure writes the report: what the shopper saw, how old the data is that came
// back, what AWS says of the recovered application, and who called what.
func (r *rehearsal) measure(ctx context.Context) error {
	p := r.Plan
	r.report = &report.Report{
		Plan: p.Name, Strategy: string(p.Strategy), Scenario: r.scenario.name, Primary: r.on.Primary, Recovery: r.on.Recovery,
		Mode: string(r.record.State.Mode), Unfenced: r.record.State.Unfenced,
		End: r.record.State.End, Posture: r.record.State.Posture, Reason: reason(r.record),
		RTO:           report.Measure{ObjectiveSeconds: p.Objectives.RTO.D().Seconds()},
		RPO:           report.Measure{ObjectiveSeconds: p.Objectives.RPO.D().Seconds()},
		StruckAt:      r.struck,
		Steps:         r.steps(),
		TimeScale:     r.cloud.Clock.Scale(),
		JumpedSeconds: r.cloud.Clock.Jumped().Seconds(),
		StoodSeconds:  r.cloud.Clock.Stood().Seconds(),
	}
	r.outage()
	r.settled()
	if r.takenBack() {
		r.report.RPO.Unneeded = "nothing of the run is left"
	} else if err := r.recoveryPoints(ctx); err != nil {
		return fmt.Errorf("measure the recovery points: %w", err)
	}
	if err := r.checks(ctx); err != nil {
		return fmt.Errorf("check the recovered application: %w", err)
	}
	if err := r.leftovers(ctx); err != nil {
		return fmt.Errorf("look for leftovers: %w", err)
	}
	if err := r.drift(ctx); err != nil {
		return fmt.Errorf("look for drift: %w", err)
	}
	r.calls()
	r.report.Modelled = r.modelled
	for _, row := range r.cloud.Durations.Table() {
		r.report.Modelled = append(r.report.Modelled, report.Duration{Name: row.Name, Seconds: row.Duration.Seconds(), Source: row.Source})
	}
	if err := r.grievances(ctx); err != nil {
		return fmt.Errorf("look for what was dropped: %w", err)
	}
	r.noticedBy()
	r.report.Problems, r.report.Notes = r.problems, r.notes
	r.report.Took.RealSeconds = time.Since(r.began).Seconds()
	return nil
}

// steps are the plan's, as the journal has them; one that never began is skipped.
func (r *rehearsal) steps() []report.Step {
	var steps []report.Step
	for s := range r.on.Steps() {
		outcome, detail := outcomeOf(r.record, s.ID)
		step := report.Step{Name: s.ID, Kind: string(s.Kind), Outcome: outcome, Detail: detail}
		if outcome == "" {
			step.Outcome = report.Skipped
		}
		if begun, ok := r.record.Find(s.ID, run.Begun); ok {
			step.Started = begun.At
		}
		for _, event := range []run.Event{run.Done, run.Failed} {
			if entry, ok := r.record.Find(s.ID, event); ok {
				step.Finished = entry.At
			}
		}
		steps = append(steps, step)
	}
	return steps
}

// settled is whether the plan is where the scenario should have brought it.
func (r *rehearsal) settled() {
	if state := r.record.State; state.End == run.Recovered && state.Posture != r.scenario.rests {
		r.problem("The plan is %s, and should be %s after %s.", state.Posture, r.scenario.rests, r.scenario.name)
	}
}

// outage is the recovery time as the shopper saw it, from the first page that he
// asked for after the disaster, and missed. Pages that a busy machine let him miss
// before, or once he was served again, are no outage.
func (r *rehearsal) outage() {
	if input, err := r.record.State.Given(); err == nil {
		r.report.DetectedAt = input.At
	}
	for _, step := range r.report.Steps {
		if !step.Started.IsZero() && (r.report.StartedAt.IsZero() || step.Started.Before(r.report.StartedAt)) {
			r.report.StartedAt = step.Started
		}
	}
	rto := &r.report.RTO
	if r.shopper == nil {
		rto.WhyNot = "no step of the plan moves traffic"
		return
	}
	visits := r.shopper.Visits()
	shopper := &r.report.Shopper
	shopper.Attempts, shopper.Misses = len(visits), visits.Misses()
	for _, s := range visits.Segments() {
		if r.report.MovedAt.IsZero() && s.Address == r.workload.Side(r.on.Recovery).Address {
			r.report.MovedAt = s.From
		}
		shopper.Segments = append(shopper.Segments, report.Segment{From: s.From, To: s.To, OK: s.OK, Address: s.Address, Visits: s.Visits})
	}
	counted := r.visits
	if counted == nil {
		counted = visits.Since(r.noticed())
	}
	from, to, ok := counted.Outage()
	shopper.OutFrom, shopper.OutTo = from, to
	switch {
	case ok:
		rto.MeasuredSeconds = report.Seconds(to.Sub(from))
	case from.IsZero() && r.scenario.mode == run.Drill:
		rto.Unneeded = "the users were served throughout"
	case from.IsZero() && r.scenario.calm:
		rto.MeasuredSeconds = report.Seconds(0)
	case from.IsZero():
		rto.WhyNot = "the shopper missed no page"
	default:
		rto.WhyNot = "the shopper was not served again"
		if why := r.workload.Side(r.on.Recovery).Missing(); why != nil {
			rto.WhyNot += ", because " + why.Error()
		}
	}
}

// noticed is from when on users may miss pages because of what struck.
func (r *rehearsal) noticed() time.Time {
	if r.dark.IsZero() {
		return r.struck
	}
	return r.dark
}

func (r *rehearsal) calls() {
	ours := map[string]bool{"events.amazonaws.com": true, "sns.amazonaws.com": true, cloud.Scheduler: true}
	for _, machine := range r.blueprint.Machines {
		ours[machine.Name] = true
	}
	for _, at := range append([]*blueprint.Blueprint{r.blueprint}, r.blueprint.Vantages...) {
		for _, function := range at.Functions {
			ours[function.Deployed] = true
		}
	}
	for _, call := range r.cloud.Front.Calls() {
		r.report.Calls = append(r.report.Calls, report.Call{
			Role: call.Role, Service: call.Service, Action: call.Action, Region: call.Region,
			Count: call.Count, Mutating: call.Mutating, Hung: call.Hung,
			Outside: !ours[call.Role],
		})
	}
}

// grievances are problems that show in what the simulated AWS has seen.
func (r *rehearsal) grievances(ctx context.Context) error {
	for _, dropped := range r.cloud.Host.Dropped() {
		if r.watches(dropped.Function) { // what it did not see is data that its alarm has not
			continue
		}
		r.problem("An event for %s was dropped: %s.", dropped.Function, dropped.Error)
	}
	if err := r.deadLetters(ctx); err != nil {
		return err
	}
	r.problems = append(r.problems, ungranted(r.blueprint, r.cloud.Front.Calls())...)
	return nil
}
