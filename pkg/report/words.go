package report

import (
	"fmt"
	"strings"
	"time"
)

// words says a duration in its two largest units: "11 min 32 s", "2 h", "0 s".
func words(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	if d < 0 {
		return "−" + words(-seconds)
	}
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	for n, u := range units {
		if d < u.size {
			continue
		}
		said := fmt.Sprintf("%d %s", d/u.size, u.name)
		if n+1 < len(units) {
			if rest := d % u.size / units[n+1].size; rest > 0 {
				said += fmt.Sprintf(" %d %s", rest, units[n+1].name)
			}
		}
		return said
	}
	return "0 s"
}

// Measured says the measurement in words.
func (m Measure) Measured() string {
	if m.MeasuredSeconds == nil && m.Unneeded != "" {
		return "none"
	}
	if m.MeasuredSeconds == nil {
		return "not measured"
	}
	return words(*m.MeasuredSeconds)
}

// remarks are whole sentences of what a reader should know beside the verdict.
func (r *Report) remarks() []string {
	said := append([]string(nil), r.Notes...)
	if !r.Unfenced.IsZero() {
		said = append(said, fmt.Sprintf("What was left in %s is unfenced since %s: it may take writes when it comes back.", r.Primary, moment(r.Unfenced)))
	}
	for _, difference := range r.Drift {
		said = append(said, "For your own infrastructure as code: "+difference+".")
	}
	return said
}

// Caveat says in words what was not as on AWS. Empty: everything was.
func (r *Report) Caveat() string {
	var said []string
	switch {
	case len(r.Modelled) > 0 && r.TimeScale != 1:
		said = append(said, fmt.Sprintf("Durations are modelled and time ran %g times faster.", r.TimeScale))
	case len(r.Modelled) > 0:
		said = append(said, "Durations are modelled.")
	case r.TimeScale != 1:
		said = append(said, fmt.Sprintf("Time ran %g times faster.", r.TimeScale))
	}
	if r.JumpedSeconds > 0 {
		said = append(said, fmt.Sprintf("%s of idle time was jumped over.", words(r.JumpedSeconds)))
	}
	if r.StoodSeconds >= 1 {
		said = append(said, fmt.Sprintf("The machine stood still for %s in all, which do not count.", words(r.StoodSeconds)))
	}
	return strings.Join(said, " ")
}

// took is how long a step took, in words; empty when that is not known.
func (s Step) took() string {
	if s.Started.IsZero() || s.Finished.IsZero() {
		return ""
	}
	return words(s.Finished.Sub(s.Started).Seconds())
}
