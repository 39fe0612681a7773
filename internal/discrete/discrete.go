// Package discrete plays a compiled state machine in virtual time: hours of waiting
// pass in microseconds, so that orchestration itself can be measured and its
// failures tried by the thousand. Functions are the caller's.
//
// It knows the part of Amazon States Language that pkg/workflow compiles to and
// refuses everything else. It is a model: how Step Functions itself behaves is
// shown in the rehearsal, on the simulator's own interpreter.
// https://states-language.net/spec.html
package discrete

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Function answers an invocation, as of a moment of virtual time. took is how long
// that took, whether it answered or failed.
type Function func(name string, payload []byte, at time.Time) (answer []byte, failed *failure.Caught, took time.Duration)

// Machine is a compiled definition.
type Machine struct {
	StartAt        string
	TimeoutSeconds int
	States         map[string]*State
}

// State is one state, as in the definition.
type State struct {
	Type           string
	Parameters     map[string]any
	ResultSelector map[string]string
	ResultPath     json.RawMessage
	Retry          []struct {
		ErrorEquals     []string
		IntervalSeconds int
		BackoffRate     float64
		MaxDelaySeconds int
		MaxAttempts     int
	}
	Catch []struct {
		ErrorEquals []string
		ResultPath  string
		Next        string
	}
	Choices []struct {
		Variable     string
		StringEquals string
		Next         string
	}
	Default     string
	SecondsPath string
	Branches    []*Machine
	Next        string
	End         bool
	Error       string
	Cause       string
}

// Parse reads a definition.
func Parse(definition string) (*Machine, error) {
	var m Machine
	if err := json.Unmarshal([]byte(definition), &m); err != nil {
		return nil, fmt.Errorf("read a definition: %w", err)
	}
	return &m, nil
}

// Outcome is how an execution ended.
type Outcome struct {
	End    string          // the state that ended it; empty: it timed out
	Failed *failure.Caught // nil: it succeeded
	Path   []string        // the states that were entered, in order of time
	Events int             // of history, as Step Functions counts them
	Took   time.Duration
}

// execution is one under way.
type execution struct {
	name    string
	invoke  Function
	now     time.Time
	queue   queue
	serial  int
	outcome Outcome
	broken  error
}

// Run plays one execution from its start to its end.
func (m *Machine) Run(name string, at time.Time, invoke Function) (Outcome, error) {
	return m.RunWith(name, at, invoke, nil)
}

// RunWith does the same; between looks, when every event of a moment is dealt with,
// it tells watch the time: what people and clocks do besides.
func (m *Machine) RunWith(name string, at time.Time, invoke Function, watch func(now time.Time)) (Outcome, error) {
	x := &execution{name: name, invoke: invoke, now: at}
	x.events(1) // ExecutionStarted
	over := false
	x.machine(m, map[string]any{}, &scope{}, func(end string, _ map[string]any, failed *failure.Caught) {
		x.events(1)
		x.outcome.End, x.outcome.Failed, over = end, failed, true
	})
	deadline := at.Add(time.Duration(m.TimeoutSeconds) * time.Second)
	for !over && x.broken == nil && x.queue.Len() > 0 {
		next := heap.Pop(&x.queue).(event)
		if m.TimeoutSeconds > 0 && next.at.After(deadline) {
			x.now = deadline
			break
		}
		if watch != nil && next.at.After(x.now) {
			watch(next.at)
		}
		x.now = next.at
		if !next.scope.stopped() {
			next.do()
		}
	}
	x.outcome.Took = x.now.Sub(at)
	if x.broken == nil && !over && x.queue.Len() == 0 {
		x.broken = fmt.Errorf("execution %s stands still in %v", name, x.outcome.Path)
	}
	return x.outcome, x.broken
}

func (x *execution) events(n int) { x.outcome.Events += n }

// scope is a branch; one that is stopped does nothing any more, nor does what is
// inside it.
type scope struct {
	outer *scope
	over  bool
}

func (s *scope) stopped() bool { return s != nil && (s.over || s.outer.stopped()) }

// event is what happens at a moment.
type event struct {
	at     time.Time
	serial int // events of one moment happen in the order in which they were planned
	scope  *scope
	do     func()
}

func (x *execution) after(wait time.Duration, s *scope, do func()) {
	x.serial++
	heap.Push(&x.queue, event{x.now.Add(wait), x.serial, s, do})
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].serial < q[j].serial
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(e any)   { *q = append(*q, e.(event)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
