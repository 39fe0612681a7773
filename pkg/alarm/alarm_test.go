package alarm

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// watch is one region's CloudWatch. It answers the alarms that it is asked for, of
// the types that it is asked for, as AWS does.
type watch struct {
	t         *testing.T
	metric    map[string]types.StateValue
	composite map[string]types.StateValue
	down      error
	calls     int
}

func (w *watch) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	w.calls++
	if len(in.AlarmNames) == 0 || len(in.AlarmNames) > 100 {
		w.t.Errorf("asked for %d alarms, which is all of the account or too many", len(in.AlarmNames))
	}
	if w.down != nil {
		return nil, w.down
	}
	out := &cloudwatch.DescribeAlarmsOutput{}
	for _, name := range in.AlarmNames {
		// Without AlarmTypes, only metric alarms are answered:
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
		if state, ok := w.metric[name]; ok && (len(in.AlarmTypes) == 0 || slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm)) {
			out.MetricAlarms = append(out.MetricAlarms, types.MetricAlarm{AlarmName: aws.String(name), StateValue: state})
		}
		if state, ok := w.composite[name]; ok && slices.Contains(in.AlarmTypes, types.AlarmTypeCompositeAlarm) {
			out.CompositeAlarms = append(out.CompositeAlarms, types.CompositeAlarm{AlarmName: aws.String(name), StateValue: state})
		}
	}
	return out, nil
}

func (w *watch) DescribeAlarmHistory(context.Context, *cloudwatch.DescribeAlarmHistoryInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	return &cloudwatch.DescribeAlarmHistoryOutput{}, w.down
}

func reader(t *testing.T, regions map[string]*watch) Reader {
	return Reader{func(region string) api {
		w, ok := regions[region]
		if !ok {
			t.Fatalf("region %s was asked, and no alarm lives there", region)
		}
		w.t = t
		return w
	}}
}

func TestRead_givesEveryAlarmInTheOrderAsked(t *testing.T) {
	home := &watch{metric: map[string]types.StateValue{"lag": types.StateValueAlarm, "checkout": types.StateValueOk, "stranger": types.StateValueAlarm}, composite: map[string]types.StateValue{"all": types.StateValueInsufficientData}}
	away := &watch{metric: map[string]types.StateValue{"lag": types.StateValueOk}}
	asked := []plan.Alarm{{Name: "checkout", Region: "us-west-2"}, {Name: "lag", Region: "eu-west-1"}, {Name: "all", Region: "us-west-2"}, {Name: "lag", Region: "us-west-2"}}
	got, err := reader(t, map[string]*watch{"us-west-2": home, "eu-west-1": away}).Read(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	want := []decide.Sight{
		{Alarm: asked[0], State: decide.OK}, {Alarm: asked[1], State: decide.OK},
		{Alarm: asked[2], State: decide.InsufficientData}, {Alarm: asked[3], State: decide.InAlarm},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sights (-want +got):\n%s", diff)
	}
	if home.calls != 1 || away.calls != 1 {
		t.Errorf("%d and %d calls; want one a region", home.calls, away.calls)
	}
}

func TestRead_callsAnAlarmThatIsNotThereUnreadable(t *testing.T) {
	asked := []plan.Alarm{{Name: "deleted", Region: "us-west-2"}, {Name: "lag", Region: "us-west-2"}}
	got, err := reader(t, map[string]*watch{"us-west-2": {metric: map[string]types.StateValue{"lag": types.StateValueAlarm}}}).Read(t.Context(), asked)
	if err != nil || got[0].State != decide.Unreadable || got[1].State != decide.InAlarm {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRead_letsADeadRegionHideNoOther(t *testing.T) {
	dead := &watch{down: errors.New("no route to host")}
	asked := []plan.Alarm{{Name: "a", Region: "us-east-1"}, {Name: "b", Region: "us-east-1"}, {Name: "lag", Region: "us-west-2"}}
	got, err := reader(t, map[string]*watch{"us-east-1": dead, "us-west-2": {metric: map[string]types.StateValue{"lag": types.StateValueAlarm}}}).Read(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	want := []decide.Sight{{Alarm: asked[0], State: decide.Unreadable}, {Alarm: asked[1], State: decide.Unreadable}, {Alarm: asked[2], State: decide.InAlarm}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sights (-want +got):\n%s", diff)
	}
	if dead.calls != 1 {
		t.Errorf("the dead region was asked %d times; want once", dead.calls)
	}
}

func TestRead_asksNobodyForNoAlarms(t *testing.T) {
	if got, err := reader(t, nil).Read(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
