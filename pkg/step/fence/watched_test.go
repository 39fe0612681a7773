package fence

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/ledger/ledgertest"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// turning is a ledger whose plan moves on just before one of the reads of its state.
type turning struct {
	*ledgertest.Ledger
	before int // the read, from 1
	reads  int
	on     func()
}

func (l *turning) State(ctx context.Context, plan string) (run.State, time.Time, error) {
	if l.reads++; l.reads == l.before {
		l.on()
	}
	return l.Ledger.State(ctx, plan)
}

// A look begins with a read, and reads before each of six changes: a note and a
// fencing call for the group, the worker and the database.
func TestKeep_stopsBeforeItsNextCallOnceAFailbackHasBegun(t *testing.T) {
	const changes = 6
	for read := 2; read <= changes+2; read++ {
		w := unfenced(t)
		w.front.Heal(home)
		closed, err := w.book.Of("storefront").Closed(run.Recovered, w.now())
		if err != nil {
			t.Fatal(err)
		}
		w.book.Set(closed)
		w.book.At(w.now())
		book := &turning{Ledger: w.book, before: read, on: func() {
			back, err := closed.Start(run.Order{Mode: run.Failback, Reason: "a test"}, w.now())
			if err != nil {
				t.Fatal(err)
			}
			w.book.Set(back)
		}}
		raw, err := json.Marshal(Keeping{Plan: "storefront", Primary: home, Step: "fence", Spec: w.spec})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := Keep(w.caller.Config(w.aws, w.front, away), book)(t.Context(), raw)
		if err != nil || kept.Fenced || (read <= changes+1) != strings.Contains(kept.Detail, "has moved on") {
			t.Errorf("before read %d: %+v, %v", read, kept, err)
		}
		if diff := cmp.Diff(min(read-2, changes), len(w.caller.Changes)); diff != "" {
			t.Errorf("before read %d: changes %v (-want +got):\n%s", read, w.caller.Changes, diff)
		}
	}
}
