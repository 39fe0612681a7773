package decide_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// sky is the alarms, the executions and the people, in memory. It fails loudly on what
// a decider must never do. It is safe for concurrent use.
type sky struct {
	t *testing.T

	mu      sync.Mutex
	alarms  map[string]decide.AlarmState // by name; what is not here is as other says
	other   decide.AlarmState
	since   time.Time      // of every state
	turns   map[string]int // into ALARM, by name
	unread  error          // what asking for a history is answered
	started map[string]run.State
	status  decide.Execution // what Status answers of an execution that exists
	lost    bool             // the next Start does not reach Step Functions
	told    []string         // subject and text
	deaf    error            // what telling people is answered
}

func newSky(t *testing.T) *sky {
	return &sky{t: t, alarms: map[string]decide.AlarmState{}, other: decide.InAlarm, since: noon.Add(-time.Hour), turns: map[string]int{}, started: map[string]run.State{}}
}

// newWorld is a plan in standby whose alarms have been in ALARM for an hour.
func newWorld(t *testing.T) (*ledgertest.Ledger, *sky, decide.Decider) {
	above := newSky(t)
	book := ledgertest.New(noon)
	return book, above, decide.Decider{Ledger: book, Alarms: above, Executions: above, People: above}
}

func (s *sky) Read(_ context.Context, alarms []plan.Alarm) ([]decide.Sight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sights []decide.Sight
	for _, alarm := range alarms {
		sight := decide.Sight{Alarm: alarm, State: s.other, Since: s.since}
		if state, ok := s.alarms[alarm.Name]; ok {
			sight.State = state
		}
		if sight.State == decide.Unreadable {
			sight.Since = time.Time{}
		}
		sights = append(sights, sight)
	}
	return sights, nil
}

func (s *sky) Turns(_ context.Context, alarm plan.Alarm, _ time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turns[alarm.Name], s.unread
}

func (s *sky) Start(_ context.Context, state run.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost {
		s.lost = false
		return errors.New("connection reset")
	}
	if was, ok := s.started[state.Run]; ok && was.Input != state.Input {
		s.t.Errorf("execution %s was started with two inputs", state.Run)
	}
	s.started[state.Run] = state
	return nil
}

func (s *sky) Status(_ context.Context, state run.State) (decide.Execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.started[state.Run]; !ok {
		return decide.Execution{}, nil
	}
	status := s.status
	status.Exists = true
	return status, nil
}

func (s *sky) Tell(_ context.Context, topic, subject, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf != nil {
		return s.deaf
	}
	s.told = append(s.told, fmt.Sprintf("%s: %s\n%s", topic, subject, text))
	return nil
}

// starts are the entries of a run that say it was started.
func starts(book *ledgertest.Ledger, runID string) (n int) {
	for _, entry := range book.Entries(runID) {
		if entry.Event == run.Started {
			n++
		}
	}
	return n
}
