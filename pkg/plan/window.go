package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // Lambda's provided.al2023 has no time zones, nor has every machine that checks plans
)

// Window is a span of some days of the week.
type Window struct {
	Days []string `json:"days"` // "mon" to "sun"
	From string   `json:"from"` // "08:00"
	To   string   `json:"to"`   // "16:00"; not before From
	Zone string   `json:"zone"` // IANA time zone; empty in the file means UTC
}

// Within is the first of the windows that is open. A window is read off a clock on
// the wall of its zone: on the day on which the clocks change it is an hour longer, or
// shorter. One whose zone is unknown, which no plan that was checked has, is never open.
func Within(windows []Window, now time.Time) (Window, bool) {
	for _, w := range windows {
		zone, err := time.LoadLocation(w.Zone) // an empty name is UTC
		if err != nil {
			continue
		}
		there := now.In(zone)
		day, clock := strings.ToLower(there.Format("Mon")), there.Format("15:04")
		if slices.Contains(w.Days, day) && w.From <= clock && clock < w.To {
			return w, true
		}
	}
	return Window{}, false
}

func (w Window) String() string {
	zone := w.Zone
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf("%s %s–%s %s", strings.Join(w.Days, ", "), w.From, w.To, zone)
}
