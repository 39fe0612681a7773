package ledger_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// turns are the writes to a plan's state that only the run with the lock may make.
var turns = map[string]func(b book, ctx context.Context, plan string, epoch int64) (bool, error){
	"shift": func(b book, ctx context.Context, plan string, epoch int64) (bool, error) {
		return b.Shift(ctx, plan, epoch, run.RecoverySide)
	},
	"turn": func(b book, ctx context.Context, plan string, epoch int64) (bool, error) {
		return b.Turn(ctx, plan, epoch, true)
	},
	"unfence": func(b book, ctx context.Context, plan string, epoch int64) (bool, error) {
		return b.Unfence(ctx, plan, epoch, noon)
	},
}

func TestTurns_areRefusedToARunThatDoesNotHoldTheLock(t *testing.T) {
	for name, turn := range turns {
		t.Run(name, func(t *testing.T) { fenced(t, turn) })
	}
}

func fenced(t *testing.T, turn func(b book, ctx context.Context, plan string, epoch int64) (bool, error)) {
	t.Helper()
	both(t, func(t *testing.T, b book, plan string) {
		refused := func(when string, epoch int64) {
			t.Helper()
			before := state(t, b, plan)
			changed, err := turn(b, t.Context(), plan, epoch)
			if changed || failure.ClassOf(err) != failure.RunOver {
				t.Errorf("%s: changed %t, error %v of class %q; want a refusal", when, changed, err, failure.ClassOf(err))
			}
			if diff := cmp.Diff(before, state(t, b, plan)); diff != "" {
				t.Errorf("%s: the refusal changed the state:\n%s", when, diff)
			}
		}
		refused("before the first run", 1)
		starts(t, b, plan)
		refused("under an epoch that is yet to come", 2)
		closes(t, b, plan, run.Aborted)
		refused("when its run is over", 1)
		starts(t, b, plan)
		refused("under a stale epoch", 1)
		if changed, err := turn(b, t.Context(), plan, 2); err != nil || !changed {
			t.Errorf("the run that holds the lock: changed %t, error %v", changed, err)
		}
		if changed, err := turn(b, t.Context(), plan, 2); err != nil || changed {
			t.Errorf("asked again: changed %t, error %v", changed, err)
		}
	})
}
