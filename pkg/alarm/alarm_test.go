package alarm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	gocmp "github.com/google/go-cmp/cmp"

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
	hangs     bool                       // never answers
	history   [][]types.AlarmHistoryItem // by page
	calls     int
}

func (w *watch) DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	w.calls++
	if len(in.AlarmNames) == 0 || len(in.AlarmNames) > 100 {
		w.t.Errorf("asked for %d alarms, which is all of the account or too many", len(in.AlarmNames))
	}
	if err := w.silent(ctx); err != nil {
		return nil, err
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

func (w *watch) DescribeAlarmHistory(ctx context.Context, in *cloudwatch.DescribeAlarmHistoryInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	// Without AlarmTypes, only metric alarms are answered:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
	if in.HistoryItemType != types.HistoryItemTypeStateUpdate || !slices.Contains(in.AlarmTypes, types.AlarmTypeCompositeAlarm) {
		w.t.Errorf("asked for %s of %v", in.HistoryItemType, in.AlarmTypes)
	}
	page, err := strconv.Atoi(cmp.Or(aws.ToString(in.NextToken), "0"))
	if err := errors.Join(err, w.silent(ctx)); err != nil {
		return nil, err
	}
	out := &cloudwatch.DescribeAlarmHistoryOutput{}
	if page < len(w.history) {
		out.AlarmHistoryItems = w.history[page]
	}
	if page+1 < len(w.history) {
		out.NextToken = aws.String(strconv.Itoa(page + 1))
	}
	return out, nil
}

// silent is why the region does not answer; nil: it does.
func (w *watch) silent(ctx context.Context) error {
	if w.hangs {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return w.down
}

func reader(t *testing.T, regions map[string]*watch) Reader {
	return Reader{func(region string) api {
		w, ok := regions[region]
		if !ok {
			t.Errorf("region %s was asked, and no alarm lives there", region)
			return &watch{t: t}
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
	if diff := gocmp.Diff(want, got); diff != "" {
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
	if diff := gocmp.Diff(want, got); diff != "" {
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

func TestRead_waitsForRegionsThatHangSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions := map[string]*watch{"us-east-1": {hangs: true}, "eu-west-1": {hangs: true}, "us-west-2": {metric: map[string]types.StateValue{"lag": types.StateValueAlarm}}}
		began := time.Now()
		got, err := reader(t, regions).Read(t.Context(), []plan.Alarm{{Name: "a", Region: "us-east-1"}, {Name: "b", Region: "eu-west-1"}, {Name: "lag", Region: "us-west-2"}})
		if err != nil || got[0].State != decide.Unreadable || got[1].State != decide.Unreadable || got[2].State != decide.InAlarm {
			t.Errorf("%+v, %v", got, err)
		}
		if took := time.Since(began); took != patience {
			t.Errorf("took %s, want %s", took, patience)
		}
	})
}
