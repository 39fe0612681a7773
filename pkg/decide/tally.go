package decide

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// AlarmState is what CloudWatch says of an alarm now.
type AlarmState string

// Unreadable is an alarm that does not exist or whose region does not answer: what
// it counts for is the plan's word, and nobody knows since when.
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
	Since time.Time // of State, as CloudWatch says; zero when Unreadable
	// Turns is how often it went into ALARM within FlapSpan; zero: nobody has asked,
	// Unsure: nobody could say.
	Turns int
}

// An alarm that went into ALARM Flaps times within FlapSpan flaps: it starts nothing
// by itself, but people are asked.
const (
	Flaps    = 3
	FlapSpan = time.Hour
	Unsure   = -1
)

// vote is what a signal counts for.
func (s Sight) vote() plan.Vote {
	switch s.State {
	case InAlarm:
		return plan.Disaster
	case OK:
		return plan.Well
	case InsufficientData:
		return s.Alarm.NoData
	}
	return s.Alarm.Unreadable
}

// steady says whether a vote for a disaster is one that may start a run: it has
// lasted since a known moment, and does not flap.
func (s Sight) steady() bool { return !s.Since.IsZero() && s.Turns >= 0 && s.Turns < Flaps }

// Tally is the votes of all signals.
type Tally struct {
	Quorum   int
	Disaster int // votes for a disaster
	Unknown  int // votes that could be for one
	// Began is when the first of the votes for a disaster was; Reached, when there were
	// enough of them. Votes of which nobody knows since when count as if they had been
	// there always: Reached is zero when they are enough, and when there are too few.
	Began, Reached time.Time
	// Steady is since when enough of those votes are there that may start a run, and at
	// least one alarm among them is in ALARM; zero: it is not so.
	Steady time.Time
	Text   string // what was seen, for people
}

// Count counts the votes.
func Count(detect plan.Detect, sights []Sight) Tally {
	t := Tally{Quorum: detect.Quorum}
	if t.Quorum == 0 { // an input by hand
		t.Quorum = len(sights)
	}
	var since, steady []time.Time
	var seen []string
	var alarmed time.Time // since when one that may start a run is in ALARM
	for _, s := range sights {
		seen = append(seen, s.String())
		switch s.vote() {
		case plan.Unknown:
			t.Unknown++
		case plan.Disaster:
			t.Disaster++
			since = append(since, s.Since)
			if s.steady() {
				steady = append(steady, s.Since)
				if s.State == InAlarm {
					alarmed = first(alarmed, s.Since)
				}
			}
			t.Began = first(t.Began, s.Since)
		}
	}
	t.Reached = reached(since, t.Quorum)
	if t.Steady = reached(steady, t.Quorum); alarmed.IsZero() {
		t.Steady = time.Time{}
	} else if !t.Steady.IsZero() && alarmed.After(t.Steady) { // the silence of the others was no disaster until then
		t.Steady = alarmed
	}
	t.Text = fmt.Sprintf("%d of %d signals say disaster, %d are needed: %s", t.Disaster, len(sights), t.Quorum, strings.Join(seen, ", "))
	return t
}

// first is the earlier of two moments; one that is zero is unknown.
func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Enough says whether the votes for a disaster are a quorum.
func (t Tally) Enough() bool { return t.Quorum > 0 && t.Disaster >= t.Quorum }

// reached is when the quorum-th vote came; zero: it has not.
func reached(since []time.Time, quorum int) time.Time {
	if quorum < 1 || len(since) < quorum {
		return time.Time{}
	}
	slices.SortFunc(since, time.Time.Compare)
	return since[quorum-1]
}

func (s Sight) String() string {
	text := fmt.Sprintf("%s in %s is %s", s.Alarm.Name, s.Alarm.Region, s.State)
	if !s.Since.IsZero() {
		text += " since " + s.Since.UTC().Format("15:04:05")
	}
	switch {
	case s.Turns == Unsure:
		text += " (whether it flaps cannot be read)"
	case s.Turns >= Flaps:
		text += fmt.Sprintf(" (it flaps: %d times within %s)", s.Turns, plan.Duration(FlapSpan))
	}
	return text
}
