package run

import (
	"encoding/json"
	"fmt"
	"time"
)

// moves are the only ways from posture to posture. needs-person → standby or
// active is a person's, through the CLI.
var moves = map[Posture][]Posture{
	Standby:     {FailingOver},
	FailingOver: {Active, Standby, NeedsPerson},
	Active:      {},
	NeedsPerson: {},
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
	for _, allowed := range moves[s.Posture] {
		if allowed == to {
			s.Posture, s.Since = to, now
			return s, nil
		}
	}
	return s, MoveError{s.Plan, s.Posture, to}
}

// Start takes the lock for a new run: the next epoch, and the exact input that
// every attempt to start its execution will use.
func (s State) Start(reason string, now time.Time) (State, error) {
	next, err := s.move(FailingOver, now)
	if err != nil {
		return s, err
	}
	next.Epoch++
	next.Run, next.Phase, next.End = Name(s.Plan, next.Epoch), Starting, ""
	input, err := json.Marshal(Input{Plan: s.Plan, Run: next.Run, Epoch: next.Epoch, Reason: reason, At: now})
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

// Shifted sends users to a side.
func (s State) Shifted(to Side) State {
	s.Side = to
	return s
}

// Closed ends the run that holds the lock. An aborted run goes back to where it
// came from, a dirty one waits for a person.
func (s State) Closed(end End, now time.Time) (State, error) {
	to := map[End]Posture{Recovered: Active, Aborted: Standby, Dirty: NeedsPerson}[end]
	next, err := s.move(to, now)
	if err != nil {
		return s, err
	}
	next.Phase, next.End = Over, end
	return next, nil
}
