package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// measure writes the report: what the shopper saw, how old the data is that came
// back, what AWS says of the recovered application, and who called what.
func (r *rehearsal) measure(ctx context.Context) error {
	if r.shopper != nil {
		r.shopper.Stop()
	}
	p := r.Plan
	r.report = &report.Report{
		Plan: p.Name, Strategy: string(p.Strategy), Scenario: r.Scenario, Primary: p.Primary, Recovery: p.Recovery,
		End:           r.record.State.End,
		RTO:           report.Measure{ObjectiveSeconds: p.Objectives.RTO.D().Seconds()},
		RPO:           report.Measure{ObjectiveSeconds: p.Objectives.RPO.D().Seconds()},
		StruckAt:      r.struck,
		Steps:         r.steps(),
		TimeScale:     r.cloud.Clock.Scale(),
		JumpedSeconds: r.cloud.Clock.Jumped().Seconds(),
	}
	r.outage()
	if err := r.recoveryPoints(ctx); err != nil {
		return fmt.Errorf("measure the recovery points: %w", err)
	}
	if err := r.checks(ctx); err != nil {
		return fmt.Errorf("check the recovered application: %w", err)
	}
	if err := r.leftovers(ctx); err != nil {
		return fmt.Errorf("look for leftovers: %w", err)
	}
	r.calls()
	r.report.Modelled = append(r.report.Modelled, report.Duration{
		Name: "disaster to alarm", Seconds: alarmAfter.Seconds(),
		Source: "three periods of a minute and the evaluation: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html",
	})
	for _, row := range r.cloud.Durations.Table() {
		r.report.Modelled = append(r.report.Modelled, report.Duration{Name: row.Name, Seconds: row.Duration.Seconds(), Source: row.Source})
	}
	r.problems()
	r.report.Took.RealSeconds = time.Since(r.began).Seconds()
	return nil
}

// steps are the plan's, as the journal has them; one that never began is skipped.
func (r *rehearsal) steps() []report.Step {
	var steps []report.Step
	for s := range r.Plan.Steps() {
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

// outage is the recovery time, as the shopper saw it.
func (r *rehearsal) outage() {
	if input, err := r.record.State.Given(); err == nil {
		r.report.DetectedAt = input.At
	}
	for _, step := range r.report.Steps {
		if !step.Started.IsZero() && (r.report.StartedAt.IsZero() || step.Started.Before(r.report.StartedAt)) {
			r.report.StartedAt = step.Started
		}
	}
	if r.shopper == nil {
		return
	}
	visits := r.shopper.Visits()
	shopper := &r.report.Shopper
	shopper.Attempts, shopper.Misses = len(visits), visits.Misses()
	for _, s := range visits.Segments() {
		shopper.Segments = append(shopper.Segments, report.Segment{From: s.From, To: s.To, OK: s.OK, Address: s.Address, Visits: s.Visits})
	}
	from, to, ok := visits.Outage()
	shopper.OutFrom = from
	if ok {
		shopper.OutTo, r.report.MovedAt = to, to
		r.report.RTO.MeasuredSeconds = report.Seconds(to.Sub(from))
	}
}

func (r *rehearsal) calls() {
	for _, call := range r.cloud.Front.Calls() {
		r.report.Calls = append(r.report.Calls, report.Call{
			Role: call.Role, Service: call.Service, Action: call.Action, Region: call.Region,
			Count: call.Count, Mutating: call.Mutating, Hung: call.Hung,
		})
	}
}

// problems are what the rehearsal itself saw go wrong.
func (r *rehearsal) problems() {
	if r.record.State.Run == "" {
		r.report.Problems = append(r.report.Problems, "No run was started.")
	}
	for _, dropped := range r.cloud.Host.Dropped() {
		r.report.Problems = append(r.report.Problems, fmt.Sprintf("An event for %s was dropped: %s.", dropped.Function, dropped.Error))
	}
	for _, refused := range ungranted(r.blueprint, r.cloud.Front.Calls()) {
		r.report.Problems = append(r.report.Problems, refused)
	}
}
