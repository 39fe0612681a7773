package alarm

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

var lag = plan.Alarm{Name: "lag", Region: "us-west-2"}

// change is an item of an alarm's history, its data as CloudWatch writes them.
func change(of types.AlarmType, old, now string) types.AlarmHistoryItem {
	return types.AlarmHistoryItem{AlarmType: of, HistoryItemType: types.HistoryItemTypeStateUpdate, HistoryData: aws.String(fmt.Sprintf(
		`{"version":"1.0","oldState":{"stateValue":%q,"stateReason":"before"},"newState":{"stateValue":%q,"stateReason":"after","stateReasonData":{"version":"1.0"}}}`, old, now))}
}

func TestTurns_countsWhatWentIntoAlarm(t *testing.T) {
	metric, composite := types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm
	for name, test := range map[string]struct {
		history [][]types.AlarmHistoryItem
		want    int
	}{
		"no history":     {nil, 0},
		"there and back": {[][]types.AlarmHistoryItem{{change(metric, "ALARM", "OK"), change(metric, "OK", "ALARM")}}, 1},
		"on several pages, one of which is empty": {[][]types.AlarmHistoryItem{
			{change(metric, "OK", "ALARM"), change(metric, "ALARM", "OK")}, {}, {change(metric, "INSUFFICIENT_DATA", "ALARM")},
		}, 2},
		"a composite alarm":               {[][]types.AlarmHistoryItem{{change(composite, "OK", "ALARM")}}, 1},
		"a new reason for the same state": {[][]types.AlarmHistoryItem{{change(metric, "ALARM", "ALARM"), change(metric, "OK", "ALARM")}}, 1},
		"data that come and go":           {[][]types.AlarmHistoryItem{{change(metric, "OK", "INSUFFICIENT_DATA"), change(metric, "INSUFFICIENT_DATA", "OK")}}, 0},
	} {
		got, err := reader(t, map[string]*watch{"us-west-2": {history: test.history}}).Turns(t.Context(), lag, time.Time{})
		if err != nil || got != test.want {
			t.Errorf("%s: %d, %v; want %d", name, got, err, test.want)
		}
	}
}

// What nobody can read may have been flapping: a count would say that it was not.
func TestTurns_countsNothingOfWhatItCannotRead(t *testing.T) {
	good := change(types.AlarmTypeMetricAlarm, "OK", "ALARM")
	for name, data := range map[string]*string{
		"absent": nil, "empty": aws.String(""), "cut off": aws.String(`{"oldState":{"stateValue":"OK"},"newSt`), "of another shape": aws.String(`{"oldState":"OK","newState":"ALARM"}`),
		"without states": aws.String(`{"version":"1.0"}`),
	} {
		bad := good
		bad.HistoryData = data
		got, err := reader(t, map[string]*watch{"us-west-2": {history: [][]types.AlarmHistoryItem{{good}, {bad}}}}).Turns(t.Context(), lag, time.Time{})
		if err == nil || got != 0 {
			t.Errorf("%s: %d, %v; want an error", name, got, err)
		}
	}
}

func TestTurns_givesUpOnARegionThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := reader(t, map[string]*watch{"us-west-2": {hangs: true}}).Turns(t.Context(), lag, time.Time{})
		if took := time.Since(began); err == nil || took != patience {
			t.Errorf("%v after %s, want an error after %s", err, took, patience)
		}
	})
}
