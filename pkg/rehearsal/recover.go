package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/report"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// role is the rehearsal's own, in the audit: it only looks.
const role = "rehearsal"

// What CloudWatch does in reality before an alarm goes off, modelled: three
// periods of a minute must breach, and the evaluation follows within seconds.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
const (
	alarmAfter  = 3*time.Minute + 10*time.Second
	alarmsApart = 20 * time.Second
)

// detect lets the plan's alarms go off, one after the other. CloudWatch's events
// then travel as they do in AWS, some of them twice.
func (r *rehearsal) detect(ctx context.Context) error {
	wait := alarmAfter
	for _, alarm := range r.Plan.Detect.Alarms {
		if err := r.cloud.Clock.Wait(ctx, wait); err != nil {
			return err
		}
		wait = alarmsApart
		_, err := cloudwatch.NewFromConfig(r.cloud.As("cloudwatch", alarm.Region)).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName:   aws.String(alarm.Name),
			StateValue:  cwtypes.StateValueAlarm,
			StateReason: aws.String("Threshold Crossed: 3 out of the last 3 datapoints were greater than or equal to the threshold (1.0)."),
		})
		if err != nil {
			return fmt.Errorf("alarm %s: %w", alarm.Name, err)
		}
		r.alarmed = r.cloud.Clock.Now()
		r.Say("alarm " + alarm.Name + " went off")
	}
	return nil
}

// patience is how long a run may take before the rehearsal gives up on it:
// generous, because the report judges the time, and not this.
func (r *rehearsal) patience() time.Duration { return 4*r.Plan.Objectives.RTO.D() + time.Hour }

// recover watches the run, as the ledger tells it, to its end.
func (r *rehearsal) recover(ctx context.Context) error {
	book := ledger.New(r.cloud.As(role, r.Plan.Recovery))
	started := r.cloud.Clock.Now()
	err := r.until(ctx, r.patience(), "", func(ctx context.Context) (bool, error) {
		record, err := book.Open(ctx, r.Plan.Name, run.Name(r.Plan.Name, 1))
		if err != nil {
			return false, err
		}
		r.tell(record)
		waited := r.cloud.Clock.Now().Sub(started)
		return record.State.Phase == run.Over || waited > r.patience()-time.Minute || record.State.Run == "" && waited > 10*time.Minute, nil
	})
	if err != nil || r.shopper == nil || r.record.State.End != run.Recovered {
		return err
	}
	// The shopper's own resolver remembers the old answer for the record's TTL.
	return r.until(ctx, time.Hour, "", func(context.Context) (bool, error) {
		_, _, ok := r.shopper.Visits().Outage()
		return ok || r.cloud.Clock.Now().Sub(started) > r.patience(), nil
	})
}

// tell passes on what is new in the journal.
func (r *rehearsal) tell(record run.Record) {
	if r.record.State.Run == "" && record.State.Run != "" {
		r.Say("run " + record.State.Run + " started")
	}
	r.record = record
	for step := range r.Plan.Steps() {
		state, detail := outcomeOf(record, step.ID)
		if state != "" && r.said[step.ID] != state {
			r.said[step.ID] = state
			r.Step(step.ID, string(step.Kind), detail, state)
		}
	}
}

// outcomeOf is how far a step has come; empty when it has not begun.
func outcomeOf(record run.Record, step string) (report.Outcome, string) {
	if entry, ok := record.Find(step, run.Done); ok {
		return report.Done, entry.Detail
	}
	if entry, ok := record.Find(step, run.Failed); ok {
		return report.Failed, entry.Detail
	}
	if _, ok := record.Find(step, run.Begun); ok {
		return report.Pending, ""
	}
	return "", ""
}
