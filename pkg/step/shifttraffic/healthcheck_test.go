package shifttraffic

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture"
	"github.com/pilotlight/pilotlight/pkg/run"
	"github.com/pilotlight/pilotlight/pkg/step"
)

var (
	t0    = time.Date(2026, 3, 1, 12, 0, 20, 0, time.UTC)
	aSpec = plan.ShiftTraffic{Record: "shop.example.com", Via: plan.ViaHealthCheck}
)

// world is the ledger and the metrics of the recovery region.
type world struct {
	t      *testing.T
	epoch  int64
	side   run.Side
	shifts int
	crash  bool // the caller dies after the next shift
	points map[time.Time][]float64
}

func standby(t *testing.T) *world {
	return &world{t: t, epoch: 1, side: run.PrimarySide, points: map[time.Time][]float64{}}
}

func (w *world) Shift(_ context.Context, plan string, epoch int64, to run.Side) (bool, error) {
	if plan != "storefront" || epoch != w.epoch {
		return false, failure.Permanentf("epoch %d of %s is not the lock's", epoch, plan)
	}
	if w.side == to {
		return false, nil
	}
	w.side = to
	w.shifts++
	if w.crash {
		w.crash = false
		return false, errors.New("the function died after the call")
	}
	return true, nil
}

// publish does as the publisher does.
func (w *world) publish(at time.Time) {
	minute := at.Truncate(time.Minute)
	w.points[minute] = append(w.points[minute], posture.Value(w.side))
}

func (w *world) GetMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error) {
	if aws.ToString(in.Namespace) != "Pilotlight/storefront" || aws.ToString(in.MetricName) != "PrimaryServes" || aws.ToInt32(in.Period) != 60 {
		w.t.Errorf("read %s %s by %d s", aws.ToString(in.Namespace), aws.ToString(in.MetricName), aws.ToInt32(in.Period))
	}
	if in.EndTime.Sub(*in.StartTime) > 1440*time.Minute {
		w.t.Error("asked for more datapoints than a call answers")
	}
	out := &cloudwatch.GetMetricStatisticsOutput{}
	for minute, values := range w.points {
		if minute.Before(in.StartTime.Truncate(time.Minute)) || !minute.Before(*in.EndTime) {
			continue
		}
		least := values[0]
		for _, v := range values {
			least = min(least, v)
		}
		out.Datapoints = append(out.Datapoints, types.Datapoint{Timestamp: aws.Time(minute), Minimum: aws.Float64(least)})
	}
	return out, nil
}

func (w *world) look(now time.Time) (step.Progress, error) {
	r := step.Run{Plan: "storefront", ID: "storefront-1", Epoch: 1, Step: "shift", Recovery: "us-west-2", Began: t0, Now: now}
	return (&Kind{ledger: w, metrics: w}).Advance(w.t.Context(), r, aSpec)
}

func (w *world) pending(now time.Time) {
	w.t.Helper()
	if got, err := w.look(now); err != nil || got.Done {
		w.t.Errorf("at %s: %+v, %v; want pending", now.Format(time.TimeOnly), got, err)
	}
}

func (w *world) done(now time.Time) {
	w.t.Helper()
	if got, err := w.look(now); err != nil || !got.Done {
		w.t.Errorf("at %s: %+v, %v; want done", now.Format(time.TimeOnly), got, err)
	}
}

func TestAdvance_shiftsOnceAndWaitsForTheMetric(t *testing.T) {
	w := standby(t)
	w.publish(t0.Add(-time.Minute))
	w.pending(t0)
	w.pending(t0.Add(5 * time.Second))
	w.publish(t0.Add(40 * time.Second))
	w.done(t0.Add(45 * time.Second))
	w.done(t0.Add(time.Hour))
	if w.shifts != 1 {
		t.Errorf("shifted %d times", w.shifts)
	}
}

func TestAdvance_seesTheMetricInTheMinuteOfTheShift(t *testing.T) {
	w := standby(t)
	w.publish(t0.Add(-10 * time.Second)) // the same minute, still 1
	w.pending(t0)
	w.publish(t0.Add(10 * time.Second))
	w.done(t0.Add(15 * time.Second))
}

func TestAdvance_doesNotTakeAnOldShiftForThisOne(t *testing.T) {
	w := standby(t)
	w.side = run.RecoverySide
	w.publish(t0.Add(-2 * time.Minute)) // by a run before, since brought back
	w.side = run.PrimarySide
	w.pending(t0)
}

func TestAdvance_judgesByTheNewestDatapoint(t *testing.T) {
	w := standby(t)
	w.pending(t0)
	w.publish(t0.Add(time.Minute))
	w.side = run.PrimarySide // a person's doing
	w.publish(t0.Add(2 * time.Minute))
	w.pending(t0.Add(2*time.Minute + time.Second))
}

func TestAdvance_readsNoMoreThanOneCallAnswers(t *testing.T) {
	w := standby(t)
	later := t0.Add(72 * time.Hour)
	w.pending(later)
	w.publish(later)
	w.done(later.Add(time.Second))
}

func TestAdvance_endsTheSameAfterACrash(t *testing.T) {
	w := standby(t)
	w.crash = true
	if _, err := w.look(t0); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	w.publish(t0.Add(time.Minute))
	w.done(t0.Add(time.Minute + time.Second))
	if w.shifts != 1 {
		t.Errorf("shifted %d times", w.shifts)
	}
}

func TestAdvance_doesNotShiftWithoutTheLock(t *testing.T) {
	w := standby(t)
	w.epoch = 2
	if _, err := w.look(t0); failure.ClassOf(err) != failure.Permanent || w.side != run.PrimarySide {
		t.Errorf("error %v with side %s; want a permanent one and the primary", err, w.side)
	}
}

func TestAdvance_refusesAWayThatItDoesNotKnow(t *testing.T) {
	w := standby(t)
	_, err := (&Kind{ledger: w, metrics: w}).Advance(t.Context(), step.Run{Plan: "storefront", Epoch: 1}, plan.ShiftTraffic{Record: "shop.example.com", Via: "weight"})
	if failure.ClassOf(err) != failure.Permanent || w.shifts > 0 {
		t.Errorf("error %v after %d shifts; want a permanent one after none", err, w.shifts)
	}
}

func (w *world) run(mode run.Mode, now time.Time) step.Run {
	return step.Run{Plan: "storefront", ID: "storefront-1", Epoch: 1, Step: "shift", Mode: mode, Began: t0, Now: now}
}

func TestFailback_shiftsToThePrimarySideAndSeesItInTheMinuteAfter(t *testing.T) {
	w := standby(t)
	w.side = run.RecoverySide
	k := &Kind{ledger: w, metrics: w}
	w.publish(t0)
	for _, c := range []struct {
		after time.Duration
		done  bool
	}{{0, false}, {30 * time.Second, false}, {time.Minute, true}} {
		now := t0.Add(c.after)
		if c.after > 0 {
			w.publish(now)
		}
		if got, err := k.Advance(t.Context(), w.run(run.Failback, now), aSpec); err != nil || got.Done != c.done {
			t.Errorf("after %s: %+v, %v; want done %t", c.after, got, err, c.done)
		}
	}
	if w.side != run.PrimarySide || w.shifts != 1 {
		t.Errorf("the %s side serves after %d shifts", w.side, w.shifts)
	}
}

func TestUndo_shiftsBackToWhereTheRunBegan(t *testing.T) {
	for mode, before := range map[run.Mode]run.Side{run.Unplanned: run.PrimarySide, run.Planned: run.PrimarySide, run.Failback: run.RecoverySide} {
		for _, acted := range []bool{false, true} {
			w := standby(t)
			w.side = before
			k := &Kind{ledger: w, metrics: w}
			if acted {
				if _, err := k.Advance(t.Context(), w.run(mode, t0), aSpec); err != nil {
					t.Fatal(err)
				}
			}
			w.crash = acted // and the first look of Undo dies
			for range 3 {
				if _, err := k.Undo(t.Context(), w.run(mode, t0), aSpec); err != nil && !acted {
					t.Fatal(err)
				}
			}
			w.publish(t0.Add(time.Minute))
			got, err := k.Undo(t.Context(), w.run(mode, t0.Add(time.Minute)), aSpec)
			if err != nil || !got.Done || got.Left != "" || w.side != before || acted != (w.shifts == 2) {
				t.Errorf("%s, acted %t: %+v, %v; the %s side serves after %d shifts", mode, acted, got, err, w.side, w.shifts)
			}
		}
	}
}

func TestUndo_doesNotShiftWithoutTheLock(t *testing.T) {
	w := standby(t)
	w.side, w.epoch = run.RecoverySide, 2
	_, err := (&Kind{ledger: w, metrics: w}).Undo(t.Context(), w.run(run.Unplanned, t0), aSpec)
	if failure.ClassOf(err) != failure.Permanent || w.side != run.RecoverySide {
		t.Errorf("error %v with side %s; want a permanent one and the recovery side", err, w.side)
	}
}

func TestDrill_leavesUsersWhereTheyAre(t *testing.T) {
	for _, via := range []plan.Via{plan.ViaHealthCheck, plan.ViaWeights, plan.ViaCNAME, plan.ViaRoutingControl} {
		r := step.Run{Plan: "storefront", Epoch: 1, Mode: run.Drill, Drill: &plan.Drill{Suffix: "drill"}}
		k, spec := &Kind{}, plan.ShiftTraffic{Record: "shop.example.com", Via: via} // nothing to call
		got, err := k.Advance(t.Context(), r, spec)
		if err != nil || !got.Done || !strings.HasPrefix(got.Detail, "left out in a drill") {
			t.Errorf("%s: %+v, %v; want it left out", via, got, err)
		}
		if got, err := k.Undo(t.Context(), r, spec); err != nil || !got.Done || got.Left != "" {
			t.Errorf("%s: undo %+v, %v", via, got, err)
		}
	}
}

func TestCheck_missesAMetricThatNobodyWrites(t *testing.T) {
	w := standby(t)
	k := &Kind{ledger: w, metrics: w}
	problems, err := k.Check(t.Context(), step.Run{Plan: "storefront", Now: t0}, aSpec)
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "publish-posture") {
		t.Errorf("problems %q, %v; want one", problems, err)
	}
	w.publish(t0.Add(-2 * time.Minute))
	if problems, err := k.Check(t.Context(), step.Run{Plan: "storefront", Now: t0}, aSpec); err != nil || len(problems) > 0 || w.shifts > 0 {
		t.Errorf("problems %q, %v; want none", problems, err)
	}
}
