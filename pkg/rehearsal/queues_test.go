package rehearsal_test

import (
	"testing"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/report"
)

// throughQueues: schedules and events send messages, Lambda takes them in the
// functions' names, some of them twice, and nothing else reaches a pass.
func throughQueues(t *testing.T, p *plan.Plan, r *report.Report, c *cloud.Cloud) {
	passes := map[string]bool{}
	for _, policy := range p.Protect {
		passes[names.Function(p.Name, protect.FunctionOf(policy).Name)] = true
	}
	sent, taken := map[string]int{}, map[string]int{}
	for _, call := range r.Calls {
		switch {
		case call.Service != "sqs":
		case call.Action == "SendMessage":
			sent[call.Role] += call.Count
			if call.Outside {
				t.Errorf("%s is of the plan, and the report calls it an outsider", call.Role)
			}
		case call.Action == "DeleteMessage":
			taken[call.Role] += call.Count
		}
	}
	if sent[cloud.Scheduler] == 0 || sent["events.amazonaws.com"] == 0 || len(sent) != 2 {
		t.Errorf("messages sent, by role: %v", sent)
	}
	invoked := map[string]int{}
	for _, i := range c.Host.Invocations() {
		if passes[i.Function] {
			invoked[i.Function]++
			if i.Asynchronous {
				t.Errorf("%s was invoked past its queue", i.Function)
			}
		}
	}
	for pass := range passes {
		// A message that comes once more is one more invocation, and is deleted once.
		if taken[pass] == 0 || invoked[pass] == 0 || invoked[pass] > taken[pass]+c.Repeated() {
			t.Errorf("%s: %d messages dealt with in %d invocations, %d came once more", pass, taken[pass], invoked[pass], c.Repeated())
		}
	}
	if c.Repeated() == 0 {
		t.Error("no message came twice: nothing was shown")
	}
}
