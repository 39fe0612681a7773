package triggers_test

import (
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/triggers"
	"github.com/pilotlight/pilotlight/pkg/run"
)

func open(t *testing.T) *triggers.Stage {
	t.Helper()
	s, err := triggers.Open(t.Context(), repository.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// One disaster, told many times by three ways at once to a function that dies on the
// way: one execution, and one entry that says so. The bench does it a thousand times.
func TestFire_manyTriggersStartOneRun(t *testing.T) {
	s := open(t)
	if err := s.Fire(t.Context(), 90); err != nil {
		t.Fatal(err)
	}
	o, err := s.Settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", o)
	if o.Triggers != 90 || o.Executions != 1 || o.Started != 1 || o.State.Epoch != 1 || o.State.Posture != run.Active {
		t.Errorf("%d triggers led to %d executions and %d entries: %+v", o.Triggers, o.Executions, o.Started, o.State)
	}
	if o.Died < 5 || o.Looks < 45 {
		t.Errorf("%d of %d looks died: too few to show anything", o.Died, o.Looks)
	}
	if o.Dead != "0+0" {
		t.Errorf("%s messages are dead, and every trigger is a good one", o.Dead)
	}
}

// Two deciders look at the same moment, again and again: one run each time. The bench
// does it a hundred times.
func TestRace_ofTwoDecidersStartsOneRun(t *testing.T) {
	s := open(t)
	o, err := s.Race(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", o)
	if o.Executions != 13 || o.Started != 13 || o.Dead != "0+0" {
		t.Errorf("12 races and the run before them led to %d executions and %d entries, dead letters: %s", o.Executions, o.Started, o.Dead)
	}
	if o.Lost < 4 {
		t.Errorf("in %d of 12 races did both see a free lock: too few to show anything", o.Lost)
	}
}

// Our own time between a quorum and its execution, and what the functions need for it.
func TestStart_isQuickAndSmall(t *testing.T) {
	s := open(t)
	took, err := s.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	memory, err := triggers.Memory()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s; MiB: %v", took, memory)
	if took >= 2*time.Second {
		t.Errorf("the execution was there after %s", took)
	}
	if len(memory) == 0 {
		t.Error("no function's memory is known")
	}
	for function, mib := range memory {
		if mib >= 64 {
			t.Errorf("%s had %.0f MiB in memory", function, mib)
		}
	}
}
