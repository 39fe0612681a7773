package decide

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// drilling looks after a drill: it sees its lock through, as every run's, and halts
// the drill when one of its alarms is in ALARM. Its steps see that at their next
// look, and what they made is taken back. An alarm that cannot be read halts
// nothing: it kept the drill from beginning, and one lost answer is no harm done.
func (d Decider) drilling(ctx context.Context, request Input, state run.State, now time.Time) (Output, error) {
	output, err := d.reconcile(ctx, request, state, now)
	if err != nil || output.Verdict != Ignore {
		return output, err
	}
	sights, err := d.Alarms.Read(ctx, request.Drill)
	if err != nil {
		return Output{}, err
	}
	for _, sight := range sights {
		if sight.State != InAlarm {
			continue
		}
		reason := "alarm " + sight.Alarm.Name + ", which is in ALARM"
		slog.WarnContext(ctx, "drill halted", "plan", request.Plan, "run", state.Run, "reason", reason)
		return Output{Hold, "drill " + state.Run + " is halted by " + reason, state.Run},
			d.Ledger.Note(ctx, request.Plan, run.Entry{Run: state.Run, Step: run.Whole, Event: run.Halted, At: now, Detail: reason})
	}
	return output, nil
}

// has says whether an alarm is one that a decision looks at.
func (in Input) has(name, region string) bool {
	return in.Detect.Has(name, region) || slices.ContainsFunc(in.Drill, func(a plan.Alarm) bool { return a.Name == name && a.Region == region })
}
