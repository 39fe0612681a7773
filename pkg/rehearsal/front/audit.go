package front

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Call is one line of the audit: how often a role called an action in a region.
type Call struct {
	Role     string `json:"role"`    // a state machine signs as its role, an event bus as events.amazonaws.com
	Service  string `json:"service"` // as IAM spells it
	Action   string `json:"action"`
	Region   string `json:"region"`
	Count    int    `json:"count"`
	Mutating bool   `json:"mutating"`
	Errors   int    `json:"errors"` // answered with an error
	Hung     int    `json:"hung"`   // never answered, because the region was struck
}

// readPrefixes start the names of actions that change nothing.
var readPrefixes = []string{"Describe", "Get", "List", "Query", "BatchGet", "TransactGet", "Scan", "Head", "Select", "Filter"}

// mutating reports whether an action changes AWS. Running a function does not, nor
// do the messages that make it run; what the function then calls is counted for
// itself.
func mutating(service, action string) bool {
	if service == "lambda" && strings.HasPrefix(action, "Invoke") || service == "sqs" && strings.Contains(action, "Message") {
		return false
	}
	return !slices.ContainsFunc(readPrefixes, func(p string) bool { return strings.HasPrefix(action, p) })
}

// outcome is how a call ended.
type outcome int

const (
	answered outcome = iota
	refused          // an error answer
	lost             // AWS acted, and the answer was an injected error
	hung
)

// audit counts calls. Safe for concurrent use.
type audit struct {
	mu        sync.Mutex
	calls     map[identity]*Call
	mutations map[string]uint64 // by region: mutating calls that AWS carried out
	changes   map[string]uint64 // by region: mutations, and what became ready
}

func newAudit() *audit {
	return &audit{calls: map[identity]*Call{}, mutations: map[string]uint64{}, changes: map[string]uint64{}}
}

func (a *audit) note(who identity, how outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, known := a.calls[who]
	if !known {
		c = &Call{Role: who.Role, Service: who.Service, Action: who.Action, Region: who.Region,
			Mutating: mutating(who.Service, who.Action)}
		a.calls[who] = c
	}
	c.Count++
	switch how {
	case refused, lost:
		c.Errors++
	case hung:
		c.Hung++
	}
	if c.Mutating && (how == answered || how == lost) {
		a.mutations[who.Region]++
		a.changes[who.Region]++
	}
}

// ready notes that something of a region reached its final state.
func (a *audit) ready(region string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes[region]++
}

func (a *audit) list() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]Call, 0, len(a.calls))
	for _, c := range a.calls {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(x, y Call) int {
		return cmp.Or(cmp.Compare(x.Role, y.Role), cmp.Compare(x.Service, y.Service),
			cmp.Compare(x.Action, y.Action), cmp.Compare(x.Region, y.Region))
	})
	return all
}

// count adds up one of the audit's counters; region "" means all regions.
func (a *audit) count(counter map[string]uint64, region string) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if region != "" {
		return counter[region]
	}
	var sum uint64
	for _, n := range counter {
		sum += n
	}
	return sum
}
