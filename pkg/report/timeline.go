package report

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// The timeline's geometry, in the units of its viewBox: names on the left, the
// plot, durations on the right; milestones above, the axis below.
const (
	chartWidth  = 1000.0
	plotLeft    = 190.0
	plotRight   = 905.0
	laneHeight  = 17.0
	rowHeight   = 30.0
	barHeight   = 16.0
	axisHeight  = 34.0
	charWidth   = 6.4 // of a milestone's label
	minBar      = 2.0
	maxTicks    = 9
	leadIn      = 0.06 // of the span, shown before the strike
	tailOut     = 0.04 // … and after the last thing that happened
	shortLength = 24   // letters of a step's name
)

// chart is the timeline as the page draws it. The zero value has no rows.
type chart struct {
	Width, Height, Left, Right, Top, Bottom float64
	Ticks                                   []tick
	Milestones                              []milestone
	Outage                                  *bar
	Rows                                    []row
}

type tick struct {
	X     float64
	Label string
}

type milestone struct {
	X, TextX, TextY float64
	Label, Class    string
	Anchor          string
}

type row struct {
	Y, TextY        float64
	Name, Full, End string
	Bars            []bar
}

type bar struct {
	X, Y, Width, Height float64
	Class, Title        string
}

// timeline lays the report out on its axis of data time. A report that was never
// struck has none.
func (r *Report) timeline() *chart {
	if r.StruckAt.IsZero() {
		return nil
	}
	a := r.axis()
	c := &chart{Width: chartWidth, Left: plotLeft, Right: plotRight}
	lanes := c.mark(r, a)
	c.Top = float64(lanes)*laneHeight + 6
	y := c.Top + 6
	add := func(name, end string, bars []bar) {
		for n := range bars {
			bars[n].Y, bars[n].Height = y+(rowHeight-barHeight)/2, barHeight
		}
		c.Rows = append(c.Rows, row{Y: y, TextY: y + rowHeight/2 + 4.5, Name: short(name), Full: name, End: end, Bars: bars})
		y += rowHeight
	}
	if len(r.Shopper.Segments) > 0 {
		end := ""
		if !r.Shopper.OutFrom.IsZero() && !r.Shopper.OutTo.IsZero() {
			end = words(r.Shopper.OutTo.Sub(r.Shopper.OutFrom).Seconds())
		}
		add("what users saw", end, r.visits(a))
	}
	for _, s := range r.Steps {
		end := s.took()
		if end == "" {
			end = string(s.Outcome)
		}
		add(s.Name, end, s.bars(a))
	}
	c.Bottom = y + 6
	c.Height = c.Bottom + axisHeight
	c.Ticks = a.ticks(r.StruckAt)
	if !r.Shopper.OutFrom.IsZero() {
		to := r.Shopper.OutTo
		if to.IsZero() {
			to = a.to
		}
		c.Outage = &bar{X: a.x(r.Shopper.OutFrom), Y: c.Top, Width: a.x(to) - a.x(r.Shopper.OutFrom), Height: c.Bottom - c.Top}
	}
	return c
}

// axis maps data time to the plot.
type axis struct{ from, to time.Time }

func (r *Report) axis() axis {
	last := r.StruckAt.Add(time.Minute)
	see := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	for _, t := range []time.Time{r.DetectedAt, r.StartedAt, r.MovedAt, r.Shopper.OutTo} {
		see(t)
	}
	for _, s := range r.Steps {
		see(s.Started)
		see(s.Finished)
	}
	span := float64(last.Sub(r.StruckAt))
	return axis{r.StruckAt.Add(-time.Duration(span * leadIn)), last.Add(time.Duration(span * tailOut))}
}

func (a axis) x(t time.Time) float64 {
	share := float64(t.Sub(a.from)) / float64(a.to.Sub(a.from))
	return plotLeft + min(max(share, 0), 1)*(plotRight-plotLeft)
}

// bar is visible however short it is.
func (a axis) bar(from, to time.Time, class, title string) bar {
	x := a.x(from)
	return bar{X: x, Width: max(a.x(to)-x, minBar), Class: class, Title: title}
}

func (a axis) ticks(zero time.Time) []tick {
	steps := []time.Duration{
		10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
		15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	}
	step := 24 * time.Hour
	for _, s := range slices.Backward(steps) {
		if a.to.Sub(zero)/s > maxTicks {
			break
		}
		step = s
	}
	var out []tick
	for d := time.Duration(0); !zero.Add(d).After(a.to); d += step {
		label := "strike"
		if d > 0 {
			label = "+" + words(d.Seconds())
		}
		out = append(out, tick{a.x(zero.Add(d)), label})
	}
	return out
}

// mark places the milestones' labels in as few lanes as do not overlap, and says
// how many lanes there are.
func (c *chart) mark(r *Report, a axis) int {
	all := []struct {
		at           time.Time
		label, class string
	}{
		{r.StruckAt, r.Primary + " struck", "struck"},
		{r.DetectedAt, "detected", ""},
		{r.StartedAt, "run started", ""},
		{r.MovedAt, "traffic moved", ""},
		{r.Shopper.OutTo, "users served again", "back"},
	}
	var ends []float64 // of each lane's last label
	for _, m := range all {
		if m.at.IsZero() {
			continue
		}
		label := m.label
		if m.at.After(r.StruckAt) {
			label += " +" + words(m.at.Sub(r.StruckAt).Seconds())
		}
		x, width := a.x(m.at), charWidth*float64(utf8.RuneCountInString(label))
		at := milestone{X: x, TextX: x + 4, Label: label, Class: m.class, Anchor: "start"}
		begin := x
		if x+width > chartWidth {
			at.TextX, at.Anchor, begin = x-4, "end", x-width
		}
		lane := 0
		for lane < len(ends) && ends[lane] > begin-8 {
			lane++
		}
		if lane == len(ends) {
			ends = append(ends, 0)
		}
		ends[lane] = begin + width
		at.TextY = float64(lane)*laneHeight + 13
		c.Milestones = append(c.Milestones, at)
	}
	return len(ends)
}

// visits joins the shopper's segments without gaps: each lasts until the next.
func (r *Report) visits(a axis) []bar {
	var bars []bar
	home := ""
	for n, s := range r.Shopper.Segments {
		if home == "" && s.OK {
			home = s.Address
		}
		to := s.To
		if n+1 < len(r.Shopper.Segments) {
			to = r.Shopper.Segments[n+1].From
		}
		if to.Before(a.from) {
			continue
		}
		class, said := "missed", "no page" // wherever the name led
		switch {
		case s.OK && s.Address == home:
			class, said = "served", "pages from "+s.Address
		case s.OK:
			class, said = "moved", "pages from "+s.Address
		}
		next := a.bar(s.From, to, class, said)
		if n := len(bars) - 1; n >= 0 && bars[n].Class == class && bars[n].Title == said {
			bars[n].Width = next.X + next.Width - bars[n].X
			continue
		}
		bars = append(bars, next)
	}
	return bars
}

func (s Step) bars(a axis) []bar {
	if s.Started.IsZero() {
		return nil
	}
	to := s.Finished
	if to.IsZero() {
		to = a.to
	}
	return []bar{a.bar(s.Started, to, string(s.Outcome), fmt.Sprintf("%s: %s. %s", s.Name, s.Outcome, s.Detail))}
}

func short(name string) string {
	letters := []rune(name)
	if len(letters) <= shortLength {
		return name
	}
	return string(letters[:shortLength-1]) + "…"
}
