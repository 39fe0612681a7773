package triggers_test

import (
	"testing"
	"time"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/triggers"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// One disaster, told many times by three ways at once to a function that dies on the
// way: one execution, and one entry that says so. The bench does it a thousand times.
func TestFire_manyTriggersStartOneRun(t *testing.T) {
	s, err := triggers.Open(t.Context(), repository.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
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
	if o.Died < 3 || o.Looks < 45 {
		t.Errorf("%d of %d looks died: too few to show anything", o.Died, o.Looks)
	}
}

// Our own time between a quorum and its execution, and what the functions need for it.
func TestStart_isQuickAndSmall(t *testing.T) {
	s, err := triggers.Open(t.Context(), repository.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
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
