package decide_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/run"
)

// A model of the lock: every state that two deciders, open-run, close-run, Step
// Functions and bad luck can lead a plan to, through two runs. Each decider does what
// Handle does, one call at a time, with the product's own pure functions; so do open-run
// and close-run of every execution. Bad luck is a decider that dies between any two of
// its calls, a start that is lost, one that is sent twice, an execution that dies without
// closing its run, at any moment, and a stale one that goes on.
//
// What it proves, within these bounds, is in the test. Questions and answers, and the
// order of the calls themselves, are TestHandle_inEveryOrderOfTwoAtOnce's, which drives
// the product itself.
type model struct {
	State    run.State
	Inputs   map[string]string // by execution: what it was started with
	Fates    map[string]string // by execution: running, died, or settled long after that
	Deciders [2]actor
	Runners  map[string]actor // open-run and close-run, by execution
}

// actor is a process between two of its calls.
type actor struct {
	At        string    // empty: it has not begun
	Was, Next run.State // what it has read, and what it has written
}

const mostRuns = 2

func (m model) clone() model {
	m.Inputs, m.Fates, m.Runners = maps.Clone(m.Inputs), maps.Clone(m.Fates), maps.Clone(m.Runners)
	return m
}

// swap is the ledger's conditional write.
func (m *model) swap(was, next run.State) bool {
	if m.State.Version != was.Version {
		return false
	}
	next.Version = was.Version + 1
	m.State = next
	return true
}

// decide is the next call of a decider: the possible worlds after it.
func (m model) decide(i int) []model {
	d := m.Deciders[i]
	m = m.clone()
	m.Deciders[i] = actor{}
	switch d.At {
	case "":
		m.Deciders[i] = actor{At: "read", Was: m.State}
	case "read":
		return m.act(i, d)
	case "noted": // StartExecution
		lost := m.clone()
		if _, there := m.Inputs[d.Next.Run]; !there {
			m.Inputs[d.Next.Run], m.Fates[d.Next.Run] = d.Next.Input, "running"
		}
		return []model{m, lost}
	}
	return []model{m}
}

// act is what a decider does with what it has read.
func (m model) act(i int, d actor) []model {
	switch {
	case !d.Was.UnderWay():
		if d.Was.Epoch == mostRuns || d.Was.Posture != run.Standby {
			return []model{m}
		}
		next, err := d.Was.Start(run.Order{Reason: "a disaster"}, noon)
		if err != nil || !m.swap(d.Was, next) {
			return []model{m}
		}
		m.Deciders[i] = actor{At: "noted", Next: next}
	case m.Fates[d.Was.Run] == "": // Status: there is none
		m.Deciders[i] = actor{At: "noted", Next: d.Was}
	case m.Fates[d.Was.Run] == "settled":
		end := run.Dirty
		if d.Was.Phase == run.Starting {
			end = run.Aborted
		}
		if closed, err := d.Was.Closed(end, noon); err == nil {
			m.swap(d.Was, closed)
		}
	}
	return []model{m}
}

// execution is the next call of an execution's open-run or close-run. A function that lost its
// write looks again: the machine retries it.
func (m model) execution(name string) []model {
	r := m.Runners[name]
	m = m.clone()
	switch {
	case r.At == "" || r.At == "opened":
		r = actor{At: map[string]string{"": "opens", "opened": "closes"}[r.At], Was: m.State}
		if r.Was.Holds(name) != nil {
			r = actor{At: "refused"}
			m.Fates[name] = "died" // Pilotlight.RunOver
		}
		m.Runners[name] = r
		return []model{m}
	case r.At == "opens":
		m.Runners[name] = actor{}
		if r.Was.Phase != run.Starting || m.swap(r.Was, r.Was.Opened()) {
			m.Runners[name] = actor{At: "opened"}
		}
		return []model{m}
	case r.At == "closes":
		var worlds []model
		for _, end := range []run.End{run.Recovered, run.Aborted, run.Dirty} {
			w := m.clone()
			w.Runners[name] = actor{At: "opened"}
			if closed, err := r.Was.Closed(end, noon); err == nil && w.swap(r.Was, closed) {
				w.Runners[name], w.Fates[name] = actor{At: "closed"}, "died"
			}
			worlds = append(worlds, w)
		}
		return worlds
	}
	return nil
}

// next are the worlds that one call, or one piece of bad luck, leads to.
func (m model) next() []model {
	var worlds []model
	for i := range m.Deciders {
		worlds = append(worlds, m.decide(i)...)
		if m.Deciders[i].At != "" {
			dead := m.clone()
			dead.Deciders[i] = actor{}
			worlds = append(worlds, dead)
		}
	}
	for name, fate := range m.Fates {
		changed := m.clone()
		switch fate {
		case "running":
			worlds = append(worlds, m.execution(name)...)
			changed.Fates[name] = "died"
		case "died":
			changed.Fates[name] = "settled" // after StopExecution's moment and the longest function timeout
		default:
			continue
		}
		worlds = append(worlds, changed)
	}
	return worlds
}

func (m model) key(t *testing.T) string {
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestLock_inEveryStateThatBadLuckLeadsTo(t *testing.T) {
	first := model{State: run.New("p"), Inputs: map[string]string{}, Fates: map[string]string{}, Runners: map[string]actor{}}
	worlds, from := map[string]model{first.key(t): first}, map[string][]string{}
	for open := []string{first.key(t)}; len(open) > 0; {
		key := open[len(open)-1]
		open = open[:len(open)-1]
		for _, w := range worlds[key].next() {
			there := w.key(t)
			from[there] = append(from[there], key)
			if _, known := worlds[there]; !known {
				worlds[there] = w
				open = append(open, there)
				w.holds(t, worlds[key])
			}
		}
	}
	// No plan is wedged and no trigger is lost: from everywhere there is a way to a world
	// in which nothing is under way, and the disaster has led to a run that is over.
	reached, open := map[string]bool{}, []string{}
	for key, w := range worlds {
		if !w.State.UnderWay() && w.State.Epoch > 0 {
			open, reached[key] = append(open, key), true
		}
	}
	for len(open) > 0 {
		key := open[len(open)-1]
		open = open[:len(open)-1]
		for _, before := range from[key] {
			if !reached[before] {
				open, reached[before] = append(open, before), true
			}
		}
	}
	for key := range worlds {
		if !reached[key] {
			t.Fatalf("no way out of %s", key)
		}
	}
	t.Logf("%d states", len(worlds))
}

// holds are the promises that every state keeps.
func (m model) holds(t *testing.T, before model) {
	t.Helper()
	if len(m.Inputs) > int(m.State.Epoch) {
		t.Fatalf("%d executions in %d epochs: %+v", len(m.Inputs), m.State.Epoch, m)
	}
	for name, input := range m.Inputs {
		var given run.Input
		if err := json.Unmarshal([]byte(input), &given); err != nil || given.Run != name {
			t.Fatalf("execution %s was started with %s", name, input)
		}
		if was, ok := before.Inputs[name]; ok && was != input || name == m.State.Run && input != m.State.Input {
			t.Fatalf("execution %s has two inputs: %s", name, input)
		}
	}
	if m.State.Epoch < before.State.Epoch || m.State.Epoch > before.State.Epoch+1 {
		t.Fatalf("epoch %d follows on %d", m.State.Epoch, before.State.Epoch)
	}
	// A lock changes hands only when its run is over.
	if m.State.Epoch > before.State.Epoch && before.State.UnderWay() {
		t.Fatalf("run %s took the lock of %s", m.State.Run, before.State.Run)
	}
	holders := 0
	for name := range m.Fates {
		if m.State.Holds(name) == nil {
			holders++
		}
	}
	if holders > 1 || !slices.Contains([]run.Posture{run.Standby, run.FailingOver, run.Active, run.NeedsPerson}, m.State.Posture) {
		t.Fatalf("%d executions hold the lock, and the plan is %s", holders, m.State.Posture)
	}
}
