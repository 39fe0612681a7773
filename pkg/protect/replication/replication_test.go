package replication

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// What cannot be read where copies go to is known to nobody. Whose message came
// back would be told the same again.
func TestWatch_saysThatTheSideThatCopiesGoToIsSilent(t *testing.T) {
	c := newCloud(t)
	for _, in := range []protect.Input{newUploads(c).input, newCarts(c).input} {
		c.front.Strike(west)
		result, err := c.handle(in)
		if err != nil || len(result.Problems) != 1 || !strings.HasPrefix(result.Problems[0], "us-west-2 does not answer, so how far behind the replica of ") {
			t.Errorf("policy %s: %+v, error %v", in.Policy.Name, result, err)
		}
		c.front.Strike(east)
		if result, err := c.handle(in); err == nil {
			t.Errorf("with both regions silent, policy %s: %+v", in.Policy.Name, result)
		}
		c.front.Heal(east)
		c.front.Heal(west)
	}
}

// What AWS answers is an error: a role that may not look never will.
func TestWatch_failsWhenItIsRefused(t *testing.T) {
	c := newCloud(t)
	for _, in := range []protect.Input{newUploads(c).input, newCarts(c).input} {
		c.front.Refuse(west)
		if result, err := c.handle(in); err == nil {
			t.Errorf("policy %s is well, says nobody: %+v", in.Policy.Name, result)
		}
		c.front.Heal(west)
	}
}

func (c *cloud) handle(in protect.Input) (protect.Result, error) {
	raw, err := json.Marshal(in)
	c.must(err)
	return New(c.config(west, "function"), c).Handle(c.t.Context(), raw)
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
