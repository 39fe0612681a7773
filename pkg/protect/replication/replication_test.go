package replication

import (
	"encoding/json"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// What cannot be read where copies go to is known to nobody: the pass fails, and
// the next one looks again.
func TestWatch_failsWhileTheSideThatCopiesGoToIsSilent(t *testing.T) {
	c := newCloud(t)
	for _, in := range []protect.Input{newUploads(c).input, newCarts(c).input} {
		c.front.Refuse(west)
		raw, err := json.Marshal(in)
		c.must(err)
		if result, err := New(c.config(west, "function"), c).Handle(t.Context(), raw); err == nil {
			t.Errorf("policy %s is well, says nobody: %+v", in.Policy.Name, result)
		}
		c.front.Heal(west)
	}
}

func TestWatch_looksAtNothingWhileTheLedgerSaysThatARunIsUnderWay(t *testing.T) {
	c := newCloud(t)
	in := newCarts(c).input
	c.posture = run.FailingOver
	raw, err := json.Marshal(in)
	c.must(err)
	result, err := New(c.config(west, "function"), c).Handle(t.Context(), raw)
	if calls, _ := c.changes(); err != nil || result.Status != protect.Ignored || calls != 0 {
		t.Errorf("%+v, %d calls, error %v", result, calls, err)
	}
}
