package decide_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// film is what CloudWatch says of a shop's signals, minute by minute.
type film struct {
	now   func() time.Time
	shows map[string]func(minute int) decide.AlarmState // by alarm; what is not here is OK
}

func (f film) state(alarm string, minute int) decide.AlarmState {
	show, ok := f.shows[alarm]
	if !ok || minute < 0 {
		return decide.OK
	}
	return show(minute)
}

// sight finds since when, and how often, by winding the film back.
func (f film) sight(alarm plan.Alarm) (s decide.Sight, turns int) {
	last := int(f.now().Sub(noon) / time.Minute)
	s = decide.Sight{Alarm: alarm, State: f.state(alarm.Name, last)}
	same := true
	for minute := last; minute > last-60; minute-- {
		changed := f.state(alarm.Name, minute) != f.state(alarm.Name, minute-1)
		if changed && f.state(alarm.Name, minute) == decide.InAlarm {
			turns++
		}
		if same {
			s.Since = noon.Add(time.Duration(minute) * time.Minute)
		}
		same = same && !changed
	}
	if s.State == decide.Unreadable {
		s.Since = time.Time{}
	}
	return s, turns
}

func (f film) Read(_ context.Context, alarms []plan.Alarm) ([]decide.Sight, error) {
	var sights []decide.Sight
	for _, alarm := range alarms {
		s, _ := f.sight(alarm)
		sights = append(sights, s)
	}
	return sights, nil
}

func (f film) Turns(_ context.Context, alarm plan.Alarm, _ time.Time) (int, error) {
	_, turns := f.sight(alarm)
	return turns, nil
}

func between(from, to int, state decide.AlarmState) func(int) decide.AlarmState {
	return func(minute int) decide.AlarmState {
		if minute >= from && minute < to {
			return state
		}
		return decide.OK
	}
}

// The shop's signals: its own two alarms, and the probe from two regions.
var shop = []plan.Alarm{
	{Name: "checkout", Region: "us-west-2", NoData: plan.Disaster}, {Name: "lag", Region: "us-west-2"},
	{Name: "probe", Region: "us-west-2"}, {Name: "probe-abroad", Region: "eu-west-1"},
}

// story is an hour in which nothing was wrong with the primary region.
type story struct {
	name         string
	quorum, hold int
	shows        map[string]func(int) decide.AlarmState
	asks         bool // people are asked: a start would have been wrong, and silence too
}

func flapping(minute int) decide.AlarmState {
	if minute%4 < 3 { // three minutes on, one off
		return decide.InAlarm
	}
	return decide.OK
}

var stories = []story{
	{"one alarm flaps for an hour", 1, 3, map[string]func(int) decide.AlarmState{"checkout": flapping}, false},
	{"two alarms flap together for an hour, and nothing has to last", 2, 0, map[string]func(int) decide.AlarmState{
		"checkout": flapping, "lag": between(30, 50, decide.InAlarm),
	}, true},
	{"all alarms lose their data together: CloudWatch itself is impaired", 1, 3, map[string]func(int) decide.AlarmState{
		"checkout": between(5, 50, decide.InsufficientData), "lag": between(5, 50, decide.InsufficientData),
		"probe": between(6, 50, decide.InsufficientData), "probe-abroad": between(6, 50, decide.InsufficientData),
	}, true},
	{"CloudWatch loses an alarm's data, and another alarm is raised for a minute", 1, 3, map[string]func(int) decide.AlarmState{
		"checkout": between(5, 50, decide.InsufficientData), "lag": between(30, 31, decide.InAlarm),
	}, true},
	{"the probe's own region loses the network", 2, 3, map[string]func(int) decide.AlarmState{
		"probe": between(5, 55, decide.InAlarm), "lag": between(7, 55, decide.InsufficientData),
	}, false},
	{"nobody can read the recovery region's alarms", 2, 3, map[string]func(int) decide.AlarmState{
		"checkout": between(5, 55, decide.Unreadable), "lag": between(5, 55, decide.Unreadable), "probe": between(5, 55, decide.Unreadable),
	}, false},
	{"a deploy causes five minutes of errors", 2, 6, map[string]func(int) decide.AlarmState{
		"checkout": between(10, 15, decide.InAlarm), "probe": between(11, 15, decide.InAlarm), "probe-abroad": between(11, 15, decide.InAlarm),
	}, false},
	{"a deploy causes five minutes of errors, of which a second signal sees two", 2, 3, map[string]func(int) decide.AlarmState{
		"checkout": between(10, 15, decide.InAlarm), "probe": between(12, 14, decide.InAlarm),
	}, false},
}

func TestHandle_startsNothingOnAFalseAlarm(t *testing.T) {
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			book, above, decider := newWorld(t)
			above.other = decide.OK
			seen := film{book.Now, maps.Clone(story.shows)}
			decider.Alarms = seen
			detect := plan.Detect{Mode: plan.Automatic, Alarms: shop, Quorum: story.quorum, Hold: plan.Duration(time.Duration(story.hold) * time.Minute), Answer: plan.Duration(time.Hour)}
			look, err := json.Marshal(decide.Input{Plan: "storefront", Detect: detect, Notify: "on-call"})
			if err != nil {
				t.Fatal(err)
			}
			asked := false
			for range 60 {
				output, err := decider.Handle(t.Context(), look)
				if err != nil {
					t.Fatal(err)
				}
				asked = asked || output.Verdict == decide.AskApproval
				if len(above.started) > 0 {
					t.Fatalf("%s: %+v", book.Now().Format(time.TimeOnly), output)
				}
				book.Wait(time.Minute)
			}
			if asked != story.asks || asked && len(above.told) == 0 {
				t.Errorf("people were asked: %t, want %t; told %q", asked, story.asks, above.told)
			}
			// The hour is over and all is well; two hours later the region is gone.
			book.Wait(2 * time.Hour)
			for _, alarm := range shop {
				seen.shows[alarm.Name] = between(180, 1000, decide.InAlarm)
			}
			for range story.hold + 2 {
				if _, err := decider.Handle(t.Context(), look); err != nil {
					t.Fatal(err)
				}
				book.Wait(time.Minute)
			}
			if state := book.Of("storefront"); len(above.started) != 1 || state.Posture != run.FailingOver {
				t.Errorf("a real disaster: %d executions, the plan is %s", len(above.started), state.Posture)
			}
		})
	}
}
