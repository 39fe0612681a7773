package front

import (
	"slices"
	"sync"
)

// Fault is an error that the front answers in place of AWS's answer.
type Fault struct {
	Role, Service, Action, Region string // empty: any
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
	list []Fault
}

func (f *faults) inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.Times == 0 {
		fault.Times = -1
	}
	f.list = append(f.list, fault)
}

// forgive ends the faults of a role.
func (f *faults) forgive(role string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(fault Fault) bool { return fault.Role == role })
}

// take answers the first fault that concerns a call, once fewer from now on.
func (f *faults) take(who identity) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	concerns := func(wanted, actual string) bool { return wanted == "" || wanted == actual }
	for i := range f.list {
		c := &f.list[i]
		if c.Times == 0 || !concerns(c.Role, who.Role) || !concerns(c.Service, who.Service) ||
			!concerns(c.Action, who.Action) || !concerns(c.Region, who.Region) {
			continue
		}
		if c.Times > 0 {
			c.Times--
		}
		taken := *c
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
