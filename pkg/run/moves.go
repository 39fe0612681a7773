package run

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// moves are the only ways from posture to posture. Those out of needs-person are
// a person's.
var moves = map[Posture][]Posture{
	Standby:     {FailingOver, Drilling, Repairing},
	Drilling:    {Standby, FailingOver},
	Repairing:   {Standby, NeedsPerson},
	FailingOver: {Active, Standby, NeedsPerson},
	Active:      {FailingBack},
	FailingBack: {Standby, Active, NeedsPerson},
	NeedsPerson: {Standby, Active},
}

// MoveError says that a posture cannot be left for another.
type MoveError struct {
	Plan     string
	From, To Posture
}

func (e MoveError) Error() string {
	return fmt.Sprintf("plan %s is %s and cannot become %s", e.Plan, e.From, e.To)
}

func (s State) move(to Posture, now time.Time) (State, error) {
	if !slices.Contains(moves[s.Posture], to) {
		return s, MoveError{s.Plan, s.Posture, to}
	}
	s.Posture, s.Since = to, now
	return s, nil
}

// during is the posture of a plan while a run of the mode goes on.
var during = map[Mode]Posture{
	Unplanned: FailingOver,
	Planned:   FailingOver,
	Drill:     Drilling,
	Failback:  FailingBack,
	Repair:    Repairing,
}

// Start takes the lock for a new run: the next epoch, and the exact input that
// every attempt to start its execution will use.
func (s State) Start(o Order, now time.Time) (State, error) {
	if o.Mode == "" {
		o.Mode = Unplanned
	}
	to, known := during[o.Mode]
	if !known {
		return s, fmt.Errorf("there is no mode %q", o.Mode)
	}
	next, err := s.move(to, now)
	if err != nil {
		return s, err
	}
	next.From = s.Posture
	if s.Posture == Drilling {
		next.From = Standby
	}
	next.Epoch++
	next.Run, next.Phase, next.End, next.Mode = Name(s.Plan, next.Epoch), Starting, "", o.Mode
	next.Turned, next.Wanted, next.Alert, next.Alerts = false, time.Time{}, nil, 0
	if o.Mode == Drill {
		next.Drills = append(slices.Clone(s.Drills), next.Run)
	}
	input, err := json.Marshal(Input{
		Plan: s.Plan, Run: next.Run, Epoch: next.Epoch, Mode: o.Mode, Reason: o.Reason, At: now, AsOf: o.AsOf, Parent: o.Parent,
	})
	if err != nil {
		return s, fmt.Errorf("write the input of run %s: %w", next.Run, err)
	}
	next.Input = string(input)
	return next, nil
}

// Opened notes that the run's execution exists and has reached open-run.
func (s State) Opened() State {
	s.Phase = Running
	return s
}

// Closed ends the run that holds the lock. An aborted run goes back to where it
// came from, a dirty one waits for a person; but a drill never stands in the way
// of a failover: what a dirty one left is the reaper's.
func (s State) Closed(end End, now time.Time) (State, error) {
	to := s.From
	switch {
	case s.Posture == Drilling:
		to = Standby
	case end == Dirty:
		to = NeedsPerson
	case end == Recovered:
		to = map[Posture]Posture{FailingOver: Active, FailingBack: Standby, Repairing: Standby}[s.Posture]
	}
	if s.Posture == NeedsPerson {
		return s, MoveError{s.Plan, s.Posture, to} // only a person leads out of it
	}
	next, err := s.move(to, now)
	if err != nil {
		return s, err
	}
	next.Phase, next.End, next.Turned, next.Wanted = Over, end, false, time.Time{}
	if s.Posture == Drilling && end != Dirty {
		next = next.Reaped(s.Run)
	}
	if end == Recovered && s.Posture == FailingBack {
		next.Side, next.Unfenced = PrimarySide, time.Time{} // also when others than the plan move users
	}
	return next, nil
}

// Reaped notes that nothing of a drill is left.
func (s State) Reaped(drill string) State {
	s.Drills = slices.DeleteFunc(slices.Clone(s.Drills), func(run string) bool { return run == drill })
	return s
}

// Settled is a person's word that a plan which needed one is as it should be: in
// standby, or active. In standby the primary serves, and nothing of it is to be
// fenced: not by keep-fence in the next run either, before that has reached its fence.
func (s State) Settled(to Posture, now time.Time) (State, error) {
	if s.Posture != NeedsPerson {
		return s, MoveError{s.Plan, s.Posture, to}
	}
	next, err := s.move(to, now)
	if err != nil {
		return s, err
	}
	if to == Active {
		next.Side = RecoverySide
		return next, nil
	}
	next.Side, next.Unfenced = PrimarySide, time.Time{}
	return next, nil
}

// Warned notes the next alert of a disaster: one that waits as long as patience for an
// answer, or, when that is zero, one that asks nothing.
func (s State) Warned(reason string, patience time.Duration, now time.Time) State {
	s.Alerts++
	alert := Alert{Number: s.Alerts, At: now, Reason: reason}
	if patience > 0 {
		alert.Run, alert.Until = Name(s.Plan, s.Epoch+1), now.Add(patience)
	}
	s.Alert = &alert
	return s
}

// Told notes that people have heard of the alert.
func (s State) Told() State {
	alert := *s.Alert
	alert.Told = true
	s.Alert = &alert
	return s
}

// Calm ends the alert: what it told of is over.
func (s State) Calm() State {
	s.Alert = nil
	return s
}
