package plan

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// parseDuration reads "30m", "1h30m" or "14d", in whole seconds: nothing that AWS
// schedules or waits for is finer. A day has 24 hours.
func parseDuration(s string) (d Duration, problem, instead string) {
	v, err := time.ParseDuration(s)
	if found := dayNumber.FindStringSubmatch(s); found != nil {
		v, err = time.ParseDuration(found[1] + "h")
		v *= 24
	}
	switch {
	case err != nil || s == "0" || strings.HasPrefix(s, "+"):
		problem, instead = fmt.Sprintf("%q is not a duration", shorten(s)), meantDuration(s)
		if bareNumber.MatchString(s) {
			problem = fmt.Sprintf("%s has no unit", shorten(s))
		}
	case v < 0:
		problem, instead = fmt.Sprintf("%s is negative", s), inDays(Duration(-v))
	case v%time.Second != 0:
		problem, instead = fmt.Sprintf("%s is not a whole number of seconds", s), Duration(v.Round(time.Second)).String()
	}
	return Duration(v), problem, instead
}

var (
	dayNumber  = regexp.MustCompile(`^(-?\d{1,5})d$`)
	bareNumber = regexp.MustCompile(`^\d{1,6}$`)
	spoken     = regexp.MustCompile(`^(\d{1,4})\s*([a-z]+)$`)
)

// spokenUnits are the units that people write and Go does not know.
var spokenUnits = map[string]Duration{
	"s": Duration(time.Second), "sec": Duration(time.Second), "second": Duration(time.Second),
	"m": Duration(time.Minute), "min": Duration(time.Minute), "minute": Duration(time.Minute),
	"h": Duration(time.Hour), "hr": Duration(time.Hour), "hour": Duration(time.Hour),
	"d": Duration(24 * time.Hour), "day": Duration(24 * time.Hour),
	"w": Duration(7 * 24 * time.Hour), "week": Duration(7 * 24 * time.Hour),
}

// meantDuration proposes what "30 m", "30 minutes", "2d" or "30" stand for.
func meantDuration(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if bareNumber.MatchString(s) {
		return fmt.Sprintf("%[1]sm, or %[1]ss or %[1]sh", s)
	}
	if found := spoken.FindStringSubmatch(s); found != nil {
		unit, ok := spokenUnits[found[2]]
		if !ok {
			unit, ok = spokenUnits[strings.TrimSuffix(found[2], "s")]
		}
		var n int64
		if _, err := fmt.Sscan(found[1], &n); ok && err == nil {
			return inDays(Duration(n) * unit)
		}
	}
	return "a duration such as 30m, 90s or 24h"
}

// inDays is a duration as the file may say it: in days when it is long.
func inDays(d Duration) string {
	if d >= 2*day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}

// up is the next multiple of a unit.
func (d Duration) up(unit Duration) Duration {
	if rest := d % unit; rest > 0 {
		return d - rest + unit
	}
	return d
}
