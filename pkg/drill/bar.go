// Package drill is what keeps a drill in its place: when one may begin, what stops
// it, and who removes what one that was interrupted has left.
//
// It guarantees that nothing is taken back of a run that goes on, and that nothing
// is ever deleted here: a step's own Undo does that, with the step's own role. It
// does not watch a drill; decide-failover does, every minute.
package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// Bar is why no drill may begin now, as a sentence that says what to do; empty: one
// may. Sights are the drill's alarms as they were just read.
func Bar(d *plan.Drill, now time.Time, sights []decide.Sight) string {
	if d == nil {
		return "the plan has no drill section, so nothing would keep a drill apart from what serves: write one"
	}
	if why := Shut(d.Windows, now); why != "" {
		return why
	}
	for _, name := range d.Alarms {
		at := slices.IndexFunc(sights, func(s decide.Sight) bool { return s.Alarm.Name == name })
		switch {
		case at < 0 || sights[at].State == decide.Unreadable:
			return fmt.Sprintf("alarm %s cannot be read, so nobody knows whether a drill would do harm now: see that it exists in the recovery region", name)
		case sights[at].State == decide.InAlarm:
			return fmt.Sprintf("alarm %s is in ALARM: start the drill again when it is over", name)
		}
	}
	return ""
}

// Shut is why none of the windows is open, as a sentence; empty: one is, or there
// are none.
func Shut(windows []plan.Window, now time.Time) string {
	if _, open := plan.Within(windows, now); open || len(windows) == 0 {
		return ""
	}
	var spans []string
	for _, w := range windows {
		spans = append(spans, w.String())
	}
	return fmt.Sprintf("drills of this plan begin %s alone, and it is %s", strings.Join(spans, " or "), now.UTC().Format("Mon 15:04 UTC"))
}
