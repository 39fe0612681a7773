package opening_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/opening"
	planned "github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// bell is one alarm of the recovery region, by whatever name.
type bell decide.AlarmState

func (b bell) Read(_ context.Context, alarms []planned.Alarm) ([]decide.Sight, error) {
	var sights []decide.Sight
	for _, alarm := range alarms {
		if alarm.Region != "us-west-2" {
			return nil, fmt.Errorf("alarm %s was looked for in %s", alarm.Name, alarm.Region)
		}
		sights = append(sights, decide.Sight{Alarm: alarm, State: decide.AlarmState(b)})
	}
	return sights, nil
}

func TestHandler_beginsADrillOnlyWhenItMay(t *testing.T) {
	const noon = `"windows":[{"days":["sun"],"from":"11:00","to":"13:00","zone":""}]`
	const night = `"windows":[{"days":["sun"],"from":"01:00","to":"03:00","zone":""}]`
	for name, c := range map[string]struct {
		mode  run.Mode
		drill string
		bell  decide.AlarmState
		says  string // empty: it begins
	}{
		"in its window, all well":              {run.Drill, `,"drill":{"suffix":"drill","ttl":"8h",` + noon + `,"alarms":["checkout"]}`, decide.OK, ""},
		"at any time":                          {run.Drill, `,"drill":{"suffix":"drill","ttl":"8h"}`, "", ""},
		"no drill section":                     {run.Drill, "", "", "the plan has no drill section"},
		"outside its window":                   {run.Drill, `,"drill":{"suffix":"drill","ttl":"8h",` + night + `}`, "", "begin sun 01:00–03:00 UTC alone"},
		"an alarm":                             {run.Drill, `,"drill":{"suffix":"drill","ttl":"8h","alarms":["checkout"]}`, decide.InAlarm, "alarm checkout is in ALARM"},
		"an alarm that nobody can read":        {run.Drill, `,"drill":{"suffix":"drill","ttl":"8h","alarms":["checkout"]}`, decide.Unreadable, "alarm checkout cannot be read"},
		"a failover asks nothing of the kind":  {run.Unplanned, `,"drill":{"suffix":"drill","ttl":"8h",` + night + `,"alarms":["checkout"]}`, decide.InAlarm, ""},
		"nor does a failover without a drill ": {run.Unplanned, "", decide.InAlarm, ""},
	} {
		t.Run(name, func(t *testing.T) {
			book := begun(t, c.mode)
			payload := `{"plan":"storefront","run":"storefront-1","recovery":"us-west-2"` + c.drill + `}`
			_, err := opening.Handler(book, nil, bell(c.bell))(t.Context(), json.RawMessage(payload))
			if (err == nil) != (c.says == "") || err != nil && (failure.ClassOf(err) != failure.Permanent || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
			if opened := book.Of("storefront").Phase == run.Running; opened != (c.says == "") {
				t.Errorf("taken up: %t", opened)
			}
		})
	}
}

func TestHandler_letsADrillGoOnThatWasTakenUp(t *testing.T) {
	book := begun(t, run.Drill)
	book.Set(book.Of("storefront").Opened())
	payload := `{"plan":"storefront","run":"storefront-1","recovery":"us-west-2","drill":{"suffix":"drill","ttl":"8h","alarms":["checkout"]}}`
	if _, err := opening.Handler(book, nil, bell(decide.InAlarm))(t.Context(), json.RawMessage(payload)); err != nil {
		t.Errorf("asked again after it was taken up: %v", err)
	}
}

// begun is a ledger whose run was started in a mode, on a Sunday at noon.
func begun(t *testing.T, mode run.Mode) *ledgertest.Ledger {
	t.Helper()
	sunday := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	state, err := run.New("storefront").Start(run.Order{Mode: mode, Reason: "a test"}, sunday)
	if err != nil {
		t.Fatal(err)
	}
	book := ledgertest.New(sunday)
	book.Set(state)
	return book
}
