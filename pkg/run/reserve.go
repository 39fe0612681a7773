package run

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Reserved: the lock is taken for a run that a parent plan's run will start, or give
// back. No execution is started for it by anybody else.
const Reserved Phase = "reserved"

// Reserve takes the lock for a run of a parent plan, which does not start yet.
func (s State) Reserve(o Order, now time.Time) (State, error) {
	next, err := s.Start(o, now)
	if err != nil {
		return s, err
	}
	next.Phase = Reserved
	return next, nil
}

// Freed lets a reserved run start, in the mode that its parent is in by now.
func (s State) Freed(mode Mode) (State, error) {
	input, err := s.Given()
	if err != nil {
		return s, fmt.Errorf("read the input of run %s: %w", s.Run, err)
	}
	if during[mode] != s.Posture {
		return s, fmt.Errorf("plan %s is %s: its run %s cannot become a %s", s.Plan, s.Posture, s.Run, mode)
	}
	input.Mode = mode
	raw, err := json.Marshal(input)
	if err != nil {
		return s, fmt.Errorf("write the input of run %s: %w", s.Run, err)
	}
	s.Phase, s.Mode, s.Input = Starting, mode, string(raw)
	return s, nil
}

// Parent is the parent plan's run that the newest run belongs to; empty: none.
func (s State) Parent() string {
	if s.Run == "" {
		return ""
	}
	input, err := s.Given()
	if err != nil {
		return ""
	}
	return input.Parent
}

// Of says whether a run is one of a plan's.
func Of(plan, runID string) bool {
	epoch, ok := strings.CutPrefix(runID, plan+"-")
	return ok && epoch != "" && strings.Trim(epoch, "0123456789") == ""
}

// UnderWay says whether a run holds the lock.
func (s State) UnderWay() bool { return s.Run != "" && s.Phase != Over }

// Reached says whether the plan is where a run of the mode would lead it, so that
// there is nothing to run.
func (s State) Reached(mode Mode) bool {
	switch mode {
	case Unplanned, Planned:
		return s.Posture == Active
	case Failback:
		return s.Posture == Standby
	}
	return false
}

// Heading says whether a run that nobody's parent started is on its way to where a
// run of the mode would lead.
func (s State) Heading(mode Mode) bool {
	return s.UnderWay() && s.Parent() == "" && s.Posture == during[mode] && mode != Drill && mode != Repair
}
