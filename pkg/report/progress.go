package report

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Progress shows a run while it happens: lines that stay, and one line a step.
// On a terminal a step's line is updated in place; elsewhere each change of a
// step is a line of its own. Safe for concurrent use.
type Progress struct {
	out  io.Writer
	live bool
	now  func() time.Time

	mu     sync.Mutex
	struck time.Time
	steps  map[string]*shown
	writer progress.Writer // nil: no step is under way, or not live
	ended  chan struct{}   // closed when writer has ended
	active int
}

type shown struct {
	kind, detail string
	state        Outcome
	tracker      *progress.Tracker
}

// NewProgress shows a run on out. live says that out is a terminal; now is data
// time.
func NewProgress(out io.Writer, live bool, now func() time.Time) *Progress {
	return &Progress{out: out, live: live, now: now, steps: map[string]*shown{}}
}

// Struck begins the count of time: what comes after is dated from at.
func (p *Progress) Struck(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.struck = at
}

// Say shows a line that stays.
func (p *Progress) Say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.say(line)
}

func (p *Progress) say(line string) {
	line = p.stamp() + "  " + line
	if p.writer != nil {
		p.writer.Log("%s", line)
		return
	}
	_, _ = fmt.Fprintln(p.out, line) // who closed the terminal wants no progress
}

// Step shows how far a step is. Telling the same again shows nothing new.
func (p *Progress) Step(name, kind, detail string, state Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.steps[name]
	if s == nil {
		s = &shown{}
		p.steps[name] = s
	} else if s.kind == kind && s.detail == detail && s.state == state {
		return
	}
	s.kind, s.detail, s.state = kind, detail, state
	line := s.state.mark() + " " + name
	if kind != "" && kind != name {
		line += " (" + kind + ")"
	}
	if detail != "" {
		line += ": " + detail
	}
	if !p.live {
		p.say(line)
		return
	}
	p.update(s, p.stamp()+"  "+line)
}

// update keeps a renderer running for as long as any step is under way: without
// an active tracker it would hold lines back.
func (p *Progress) update(s *shown, line string) {
	if s.tracker == nil {
		if s.state != Pending {
			p.say(line[len(p.stamp())+2:])
			return
		}
		if p.writer == nil {
			p.begin()
		}
		s.tracker = &progress.Tracker{Message: line}
		p.writer.AppendTracker(s.tracker)
		p.active++
		return
	}
	s.tracker.UpdateMessage(line)
	if s.state == Pending {
		return
	}
	if s.state == Failed || s.state == Unfinished {
		s.tracker.MarkAsErrored()
	} else {
		s.tracker.MarkAsDone()
	}
	s.tracker = nil
	if p.active--; p.active == 0 {
		p.end()
	}
}

func (p *Progress) begin() {
	w := progress.NewWriter()
	w.SetOutputWriter(p.out)
	w.SetUpdateFrequency(100 * time.Millisecond)
	w.SetSortBy(progress.SortByNone)
	style := progress.StyleDefault
	style.Visibility = progress.StyleVisibility{}
	style.Options.Separator, style.Options.DoneString, style.Options.ErrorString = "", "", ""
	style.Options.PercentFormat = ""
	style.Colors.Error = text.Colors{text.FgRed}
	w.SetStyle(style)
	p.writer, p.ended = w, make(chan struct{})
	ended := p.ended
	go func() {
		w.Render()
		close(ended)
	}()
}

// end waits for the last frame. A renderer that has not begun yet does not hear
// Stop, so it is told until it has ended.
func (p *Progress) end() {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for p.writer != nil {
		p.writer.Stop()
		select {
		case <-p.ended:
			p.writer = nil
		case <-again.C:
		}
	}
}

// Close ends the live display. Steps under way stay as they were last shown.
func (p *Progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writer != nil {
		p.end()
	}
	p.active = 0
	clear(p.steps)
}

// stamp is the time of day before the strike and the time since then after it.
func (p *Progress) stamp() string {
	now := p.now()
	if p.struck.IsZero() {
		return now.UTC().Format("  15:04:05")
	}
	d := now.Sub(p.struck).Truncate(time.Second)
	return fmt.Sprintf("T+%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}
