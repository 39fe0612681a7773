// Package decide answers whether a plan's failover starts now. Decide is pure;
// Handler re-reads the world for it, takes the lock when the answer is Start and
// sees to it that exactly one execution exists for one epoch.
//
// It does not wait and does not retry: the next event or tick looks again.
package decide

import (
	"fmt"
	"strings"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// Verdict is a decision.
type Verdict string

// Start a run; Hold: something is wrong but not enough of it; Ignore: nothing to
// do.
const (
	Start  Verdict = "Start"
	Hold   Verdict = "Hold"
	Ignore Verdict = "Ignore"
)

// AlarmState is what CloudWatch says of an alarm now.
type AlarmState string

// Unreadable is an alarm that does not exist or whose region does not answer: it
// never counts as a disaster, and never as its absence.
const (
	InAlarm          AlarmState = "ALARM"
	OK               AlarmState = "OK"
	InsufficientData AlarmState = "INSUFFICIENT_DATA"
	Unreadable       AlarmState = "UNREADABLE"
)

// Sight is one alarm as it was just read.
type Sight struct {
	Alarm plan.Alarm
	State AlarmState
}

// Decide says whether the plan's failover starts, and why. All alarms of the
// plan must be in ALARM; one alone can be wrong. A drill stands in nobody's way.
func Decide(detect plan.Detect, state run.State, sights []Sight) (Verdict, string) {
	if state.Posture != run.Standby && state.Posture != run.Drilling {
		return Ignore, fmt.Sprintf("the plan is %s", state.Posture)
	}
	if len(detect.Alarms) == 0 {
		return Ignore, "the plan names no alarms: a person starts its runs"
	}
	var seen []string
	in := 0
	for _, sight := range sights {
		if sight.State == InAlarm {
			in++
		}
		seen = append(seen, fmt.Sprintf("%s is %s", sight.Alarm.Name, sight.State))
	}
	what := strings.Join(seen, ", ")
	switch {
	case in == 0:
		return Ignore, what
	case in < len(detect.Alarms):
		return Hold, what
	case detect.Mode != plan.Automatic:
		return Hold, what + "; mode is manual: a person starts the run"
	}
	return Start, what
}
