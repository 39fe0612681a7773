package rehearsal

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// role is the rehearsal's own, in the audit: it only looks.
const role = "rehearsal"

// noRunAfter is when a run that has not begun, nor is asked about, is given up.
// decide-failover looks every minute, and its events are tried again for three.
const noRunAfter = 10 * time.Minute

// patience is how long a run may take before the rehearsal gives up on it:
// generous, because the report judges the time, and not this.
func (r *rehearsal) patience() time.Duration { return 4*r.Plan.Objectives.RTO.D() + time.Hour }

// recover watches the run to its end, and the shopper until the shop answers
// again, if it ever did not. A run that does not come to an end is for the report to tell, and no
// error of the rehearsal.
func (r *rehearsal) recover(ctx context.Context) error {
	began := r.cloud.Clock.Now()
	over, err := r.within(ctx, r.patience(), func(ctx context.Context) (bool, error) {
		if err := r.look(ctx); err != nil {
			return false, err
		}
		if err := r.answer(ctx); err != nil {
			return false, err
		}
		if r.alert != nil && r.alert.Run != "" {
			began = r.cloud.Clock.Now() // a question is no silence
		}
		if r.record.State.Run == "" {
			return r.cloud.Clock.Now().Sub(began) > noRunAfter, nil
		}
		return r.record.State.Phase == run.Over, nil
	})
	switch {
	case err != nil:
		return err
	case r.record.State.Run == "":
		r.problem("No run was started within %s of the last alarm, or of what people were asked.", noRunAfter)
	case !over:
		r.problem("Run %s had not ended after %s; the rehearsal gave up on it.", r.record.State.Run, r.patience())
	case r.record.State.End == run.Recovered && r.shopper != nil:
		_, err = r.within(ctx, r.patience(), func(context.Context) (bool, error) {
			visits := r.shopper.Visits().Since(r.noticed())
			if visits.Served() {
				r.visits = visits
			}
			return r.visits != nil, nil
		})
	}
	return err
}

// look reads the run from the ledger and tells what is new in its journal.
func (r *rehearsal) look(ctx context.Context) error {
	was := r.record.State
	record, err := r.ledger.Open(ctx, r.Plan.Name, cmp.Or(was.Run, run.Name(r.Plan.Name, r.epoch+1)))
	if err != nil {
		return err
	}
	if r.alert = record.State.Alert; record.State.Epoch <= r.epoch {
		return nil // the last scenario's run
	}
	r.record = record
	now := record.State
	if was.Run != now.Run {
		r.Say("run " + now.Run + " started")
	}
	for step := range r.on.Steps() {
		outcome, detail := outcomeOf(record, step.ID)
		if outcome != "" && r.said[step.ID] != outcome {
			r.said[step.ID] = outcome
			r.Step(step.ID, string(step.Kind), detail, outcome)
		}
	}
	if was.Phase != run.Over && now.Phase == run.Over {
		r.Say("run " + now.Run + " ended " + string(now.End))
	}
	return nil
}

// outcomeOf is how far a step has come; empty when it has not begun. One that was
// under way when its run ended stays unfinished: a branch that fails stops its
// siblings where they are.
func outcomeOf(record run.Record, step string) (report.Outcome, string) {
	if entry, ok := record.Find(step, run.Done); ok {
		return report.Done, entry.Detail
	}
	if entry, ok := record.First(step, run.Skipped); ok {
		return report.Skipped, "passed over: " + entry.Detail
	}
	if entry, ok := record.Find(step, run.Failed); ok {
		return report.Failed, entry.Detail
	}
	if _, ok := record.Find(step, run.Begun); !ok {
		return "", ""
	}
	if record.State.Phase == run.Over {
		return report.Unfinished, "under way when the run ended"
	}
	return report.Pending, ""
}

// reason is why the run ended so, as close-run has journalled it.
func reason(record run.Record) string {
	entry, _ := record.Find(run.Whole, run.Done)
	return strings.TrimPrefix(entry.Detail, string(record.State.End)+": ")
}
