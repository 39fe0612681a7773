package drill_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// 2026-11-23 is a Monday. Berlin's clocks went forward on Sunday 2026-03-29 at 01:00
// UTC, and back on Sunday 2026-10-25 at 01:00 UTC.
func TestShut_readsTheClockOnTheWall(t *testing.T) {
	office := plan.Window{Days: []string{"mon", "tue"}, From: "08:00", To: "16:00", Zone: "Europe/Berlin"}
	early := plan.Window{Days: []string{"sun"}, From: "02:00", To: "04:00", Zone: "Europe/Berlin"}
	greenwich := plan.Window{Days: []string{"mon"}, From: "00:00", To: "24:00"}
	for name, c := range map[string]struct {
		windows []plan.Window
		now     string
		open    bool
	}{
		"no window: at any time":                     {nil, "2026-11-22T03:00:00Z", true},
		"the first minute":                           {[]plan.Window{office}, "2026-11-23T07:00:00Z", true},
		"a second before":                            {[]plan.Window{office}, "2026-11-23T06:59:59Z", false},
		"the last second":                            {[]plan.Window{office}, "2026-11-23T14:59:59Z", true},
		"the end is outside":                         {[]plan.Window{office}, "2026-11-23T15:00:00Z", false},
		"another day":                                {[]plan.Window{office}, "2026-11-25T10:00:00Z", false},
		"summer time: an hour earlier in UTC":        {[]plan.Window{office}, "2026-07-06T06:00:00Z", true},
		"… and closed an hour earlier":               {[]plan.Window{office}, "2026-07-06T14:00:00Z", false},
		"one of two":                                 {[]plan.Window{office, early}, "2026-11-22T01:30:00Z", true},
		"02:30 does not exist in spring: before it":  {[]plan.Window{early}, "2026-03-29T00:59:59Z", false},
		"… and after the jump it is 03:00":           {[]plan.Window{early}, "2026-03-29T01:00:00Z", true},
		"… and at 04:00 there it is shut":            {[]plan.Window{early}, "2026-03-29T02:00:00Z", false},
		"02:30 comes twice in autumn: the first":     {[]plan.Window{early}, "2026-10-25T00:30:00Z", true},
		"… and the second":                           {[]plan.Window{early}, "2026-10-25T01:30:00Z", true},
		"no zone is UTC, and 24:00 the end of a day": {[]plan.Window{greenwich}, "2026-11-23T23:59:59Z", true},
		"… and midnight is the next day":             {[]plan.Window{greenwich}, "2026-11-24T00:00:00Z", false},
	} {
		if why := drill.Shut(c.windows, at(t, c.now)); (why == "") != c.open {
			t.Errorf("%s: %s: %q", name, c.now, why)
		}
	}
}

func TestShut_saysWhenDrillsBegin(t *testing.T) {
	windows := []plan.Window{{Days: []string{"mon", "tue"}, From: "08:00", To: "16:00", Zone: "Europe/Berlin"}, {Days: []string{"sat"}, From: "10:00", To: "12:00"}}
	const want = "drills of this plan begin mon, tue 08:00–16:00 Europe/Berlin or sat 10:00–12:00 UTC alone, and it is Sun 12:00 UTC"
	if got := drill.Shut(windows, at(t, "2026-11-22T12:00:00Z")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	unheard := []plan.Window{{Days: []string{"sun"}, From: "00:00", To: "24:00", Zone: "Europe/Atlantis"}}
	if got := drill.Shut(unheard, at(t, "2026-11-22T12:00:00Z")); !strings.Contains(got, "Europe/Atlantis") {
		t.Errorf("a zone that does not exist: %q", got)
	}
}

func TestBar_refusesOnAnyDoubt(t *testing.T) {
	sunday := at(t, "2026-11-22T12:00:00Z")
	d := &plan.Drill{Alarms: []string{"checkout", "lag"}}
	see := func(states ...decide.AlarmState) []decide.Sight {
		var sights []decide.Sight
		for i, state := range states {
			sights = append(sights, decide.Sight{Alarm: plan.Alarm{Name: d.Alarms[i]}, State: state})
		}
		return sights
	}
	for name, c := range map[string]struct {
		drill  *plan.Drill
		sights []decide.Sight
		says   string // empty: the drill may begin
	}{
		"no drill section":    {nil, nil, "no drill section"},
		"all is well":         {d, see(decide.OK, decide.InsufficientData), ""},
		"no alarms":           {&plan.Drill{}, nil, ""},
		"one in ALARM":        {d, see(decide.OK, decide.InAlarm), "alarm lag is in ALARM"},
		"one unreadable":      {d, see(decide.Unreadable, decide.OK), "alarm checkout cannot be read"},
		"one was not read":    {d, see(decide.OK), "alarm lag cannot be read"},
		"outside the windows": {&plan.Drill{Windows: []plan.Window{{Days: []string{"mon"}, From: "08:00", To: "16:00"}}}, nil, "begin mon 08:00–16:00 UTC alone"},
	} {
		got := drill.Bar(c.drill, sunday, c.sights)
		if (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q in it", name, got, c.says)
		}
	}
}
