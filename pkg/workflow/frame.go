package workflow

import (
	"maps"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// States that every machine has.
const (
	openRun     = "open run"
	closeRun    = "close run"
	closeFailed = "close failed run"
	closeLeft   = "could not take back"
	whichEnd    = "which end?"
	takeBack    = "take back " // and the kind of a step
	takeWait    = "take back · wait"
)

// frame adds what stands around the steps: opening, closing, the ends, and the loop
// that takes a run back: close-run names the step that is next, newest first, until
// there is none.
func (c *compiler) frame(states map[string]state, first string) {
	states[openRun] = task(OpenRun, "Takes up the run that holds the lock and pins every recovery point it will use.", c.opening(), first, caught(closeFailed))
	closing := map[string]any{"plan": c.plan.Name, "run.$": runPath, "steps": c.steps()}
	states[closeRun] = c.close("Every step is over: says how the run ends, or what has to be taken back first.", closing)
	failed := maps.Clone(closing)
	failed["failure.$"] = failurePath
	states[closeFailed] = c.close("A step failed for good, or the run was aborted: says what is taken back, and what is left.", failed)
	left := maps.Clone(failed)
	left["taking.$"] = requestPath
	states[closeLeft] = c.close("Notes that a step could not be taken back: says which is next, or how the run ends.", left)
	choices := []choice{
		{Variable: statusPath, StringEquals: string(run.Recovered), Next: string(run.Recovered)},
		{Variable: statusPath, StringEquals: string(run.Aborted), Next: string(run.Aborted)},
	}
	for _, kind := range c.kinds() {
		name := takeBack + string(kind)
		choices = append(choices, choice{Variable: statusPath, StringEquals: string(kind), Next: name})
		undo := task(string(kind), "Takes back what a "+string(kind)+" step of this run made.", nil, takeWait, caught(closeLeft))
		undo.Parameters = map[string]any{"FunctionName": Token(string(kind)), "Payload.$": requestPath}
		states[name] = undo
	}
	states[takeWait] = state{Type: "Wait", Comment: "The step says how long.", SecondsPath: waitPath, Next: closeRun}
	states[whichEnd] = state{Type: "Choice", Comment: "The end that close-run found, or the step to take back next.", Choices: choices, Default: string(run.Dirty)}
	states[string(run.Recovered)] = state{Type: "Succeed", Comment: c.recovered()}
	states[string(run.Aborted)] = state{Type: "Fail", Comment: "Nothing was changed, or all of it is taken back.",
		Error: "Pilotlight.Aborted", Cause: "The run ended and left everything as it was. The journal says why."}
	states[string(run.Dirty)] = state{Type: "Fail", Comment: "Something is left half-way: a person is needed.",
		Error: "Pilotlight.Dirty", Cause: "A step failed after the run had begun to change things. The journal says which, and what is left."}
}

func (c *compiler) recovered() string {
	switch c.course {
	case plan.CourseFailback:
		return "The primary region serves again."
	case plan.CourseRepair:
		return "The data are back, and the primary region goes on serving."
	}
	return "The recovery region serves; or the drill is over, and nothing of it is left."
}

// close is a Task of close-run, whose answer also names the step to take back.
func (c *compiler) close(comment string, payload map[string]any) state {
	s := task(CloseRun, comment, payload, whichEnd, caught(string(run.Dirty)))
	s.ResultSelector = map[string]string{"status.$": "$.Payload.status", "waitSeconds.$": "$.Payload.waitSeconds", "request.$": "$.Payload.request"}
	return s
}

// kinds of the course's steps, by name.
func (c *compiler) kinds() []plan.Kind {
	kinds := map[plan.Kind]bool{}
	for s := range c.plan.Steps() {
		kinds[s.Kind] = true
	}
	return slices.Sorted(maps.Keys(kinds))
}

// steps are the ids of all the course's steps.
func (c *compiler) steps() []string {
	var ids []string
	for s := range c.plan.Steps() {
		ids = append(ids, s.ID)
	}
	return ids
}

// opening is open-run's input: the policies whose points the steps use.
func (c *compiler) opening() map[string]any {
	payload := map[string]any{"plan": c.plan.Name, "run.$": runPath, "recovery": c.plan.Recovery}
	needs, drillAlone := c.needs()
	if len(needs) > 0 {
		overview := protect.OverviewOf(c.whole)
		overview.Policies = needs
		payload["needs"] = overview
	}
	if len(drillAlone) > 0 {
		payload["drill-alone"] = drillAlone
	}
	if fence := c.fence(); fence != "" {
		payload["fence"] = fence
	}
	if c.plan.Drill != nil {
		payload["drill"] = c.plan.Drill
	}
	if children := c.children(); len(children) > 0 {
		payload["children"] = children
	}
	return payload
}

// children are the plans that the course's steps run, by name.
func (c *compiler) children() []string {
	var names []string
	for s := range c.plan.Steps() {
		if spec, ok := s.Spec.(*plan.RunPlan); ok {
			names = append(names, spec.Plan)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fence is the id of the course's first fence; empty: it has none.
func (c *compiler) fence() string {
	for s := range c.plan.Steps() {
		if s.Kind == plan.KindFence {
			return s.ID
		}
	}
	return ""
}

// needs are the policies whose recovery points the course's steps use, and which of
// them a drill alone does: it restores a copy of what a failover promotes. Of backups
// there are no points to pin.
func (c *compiler) needs() (needs []plan.Policy, drillAlone []string) {
	used, drilled := map[string]bool{}, map[string]bool{}
	for s := range c.plan.Steps() {
		used[s.Uses()] = true
		if spec, ok := s.Spec.(*plan.PromoteDatabase); ok {
			drilled[spec.Points] = c.plan.Drill != nil
		}
	}
	for _, policy := range c.plan.Protect {
		backups := policy.Database != nil && policy.Database.By == plan.Backups
		switch {
		case backups:
		case used[policy.Name]:
			needs = append(needs, policy)
		case drilled[policy.Name]:
			needs, drillAlone = append(needs, policy), append(drillAlone, policy.Name)
		}
	}
	return needs, drillAlone
}

// waits says whether a planned run has to wait for points from after its fence.
func (c *compiler) waits() bool {
	needs, drillAlone := c.needs()
	return len(needs) > len(drillAlone)
}

// pinsBefore is the step after the fence that is the first to need what a planned run
// waits for; the group, when several of its branches do. nil: none of those that
// follow the fence in its sequence does.
func (c *compiler) pinsBefore() *plan.Step {
	if !c.waits() {
		return nil
	}
	needs, _ := c.needs()
	return needing(following(c.plan.Recover, c.fence()), func(policy string) bool {
		return slices.ContainsFunc(needs, func(p plan.Policy) bool { return p.Name == policy && p.Images == nil })
	})
}

func needing(steps []plan.Step, waitedFor func(policy string) bool) *plan.Step {
	for i := range steps {
		s := &steps[i]
		if s.Kind != "" {
			if waitedFor(s.Uses()) {
				return s
			}
			continue
		}
		var needy []*plan.Step
		for _, branch := range s.Parallel {
			if first := needing(branch, waitedFor); first != nil {
				needy = append(needy, first)
			}
		}
		switch len(needy) {
		case 0:
		case 1:
			return needy[0]
		default:
			return s
		}
	}
	return nil
}

// following are the steps after one, in its sequence.
func following(steps []plan.Step, id string) []plan.Step {
	for i, s := range steps {
		if s.Kind != "" && s.ID == id {
			return steps[i+1:]
		}
		for _, branch := range s.Parallel {
			if rest := following(branch, id); rest != nil {
				return rest
			}
		}
	}
	return nil
}
