package front

import (
	"bytes"
	"slices"
	"sync"
)

// Fault is an error that the front answers in place of AWS's answer.
type Fault struct {
	Role, Service, Action, Region string // empty: any
	Holding                       string // what the request's body holds; empty: anything
	Code                          string // "RequestLimitExceeded"
	Message                       string
	Status                        int    // HTTP; 0: 400
	Times                         int    // how often; 0: always
	AfterActing                   bool   // AWS acts, and only the answer is lost; an error of AWS's own is answered as it is
	Then                          func() // done before the fault is answered, such as the end of who called; nil: nothing
}

// faults are those still to be answered. Safe for concurrent use.
type faults struct {
	mu   sync.Mutex
	list []injected
}

type injected struct {
	Fault
	happened bool
}

func (f *faults) inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.Times == 0 {
		fault.Times = -1
	}
	f.list = append(f.list, injected{Fault: fault})
}

// forgive ends the faults of a role and answers those that never happened.
func (f *faults) forgive(role string) (idle []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(fault injected) bool {
		if fault.Role == role && !fault.happened {
			idle = append(idle, fault.Fault)
		}
		return fault.Role == role
	})
	return idle
}

// take answers the first fault that concerns a call, once fewer from now on.
func (f *faults) take(who identity, body []byte) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	concerns := func(wanted, actual string) bool { return wanted == "" || wanted == actual }
	for i := range f.list {
		c := &f.list[i]
		if c.Times == 0 || !concerns(c.Role, who.Role) || !concerns(c.Service, who.Service) ||
			!concerns(c.Action, who.Action) || !concerns(c.Region, who.Region) || !bytes.Contains(body, []byte(c.Holding)) {
			continue
		}
		if c.Times > 0 {
			c.Times--
		}
		c.happened = true
		taken := c.Fault
		return &taken
	}
	return nil
}

func (f Fault) failure() *failure {
	if f.Then != nil {
		f.Then()
	}
	status := f.Status
	if status == 0 {
		status = 400
	}
	return &failure{status: status, code: f.Code, message: f.Message}
}
