package alarm

import (
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/internal/simulated"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

func TestMain(m *testing.M) { os.Exit(simulated.Run(m)) }

// lagging is the alarm lag on a simulated AWS, which says what it is told to.
func lagging(t *testing.T) (a *simulated.AWS, f *front.Front, cfg aws.Config, says func(types.StateValue)) {
	t.Helper()
	a, f = simulated.Fresh(t)
	cfg = (&simulated.Caller{}).Config(a, f, lag.Region)
	cw := cloudwatch.NewFromConfig(cfg)
	if _, err := cw.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(lag.Name), Namespace: aws.String("x"), MetricName: aws.String("x"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Statistic: types.StatisticMaximum,
	}); err != nil {
		t.Fatal(err)
	}
	return a, f, cfg, func(state types.StateValue) {
		t.Helper()
		if _, err := cw.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String(lag.Name), StateValue: state, StateReason: aws.String("told so")}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReader_tellsSinceWhenAndHowOften(t *testing.T) {
	a, _, cfg, says := lagging(t)
	start := a.Clock.Now()
	pass := func(d time.Duration) {
		if err := a.Clock.Jump(d); err != nil {
			t.Fatal(err)
		}
	}
	for _, state := range []types.StateValue{types.StateValueOk, types.StateValueAlarm, types.StateValueOk} {
		says(state)
		pass(10 * time.Minute)
	}
	says(types.StateValueAlarm)
	raised := a.Clock.Now()
	pass(5 * time.Minute)
	says(types.StateValueAlarm) // a new reason, and no new state

	r := New(cfg)
	got, err := r.Read(t.Context(), []plan.Alarm{lag})
	if err != nil || got[0].State != decide.InAlarm || got[0].Since.Sub(raised).Abs() > 2*time.Second {
		t.Errorf("%+v, %v; want ALARM since %s", got, err, raised)
	}
	for since, want := range map[time.Time]int{start.Add(-time.Hour): 2, raised.Add(-time.Minute): 1, raised.Add(time.Minute): 0} {
		if turns, err := r.Turns(t.Context(), lag, since); err != nil || turns != want {
			t.Errorf("since %s: %d times, %v; want %d", since, turns, err, want)
		}
	}
}

// With the SDK's own retries, as in the function: no answer of a dead region is waited
// for longer than patience.
func TestRead_isNotHeldUpByARegionThatHangs(t *testing.T) {
	_, f, cfg, says := lagging(t)
	says(types.StateValueAlarm)
	f.Strike("us-east-1")
	cfg.Retryer, cfg.HTTPClient = nil, nil
	began := time.Now()
	got, err := New(cfg).Read(t.Context(), []plan.Alarm{{Name: "checkout", Region: "us-east-1"}, lag})
	if err != nil || got[0].State != decide.Unreadable || got[1].State != decide.InAlarm {
		t.Errorf("%+v, %v", got, err)
	}
	if took := time.Since(began); took < patience-time.Second || took > patience+2*time.Second {
		t.Errorf("took %s of real time, want about %s", took, patience)
	}
}
