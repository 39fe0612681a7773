package workflow

import (
	"encoding/json"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// A step's own states are named after it.
const (
	doneSuffix     = " · done?"
	waitSuffix     = " · wait"
	holdSuffix     = " · hold"
	holdWaitSuffix = " · hold wait"
	endSuffix      = " · end"
)

// pinPoints is the step after a fence in which the run waits, if it is planned, for
// recovery points that hold everything that was written before the fence. It stands
// before what needs them, so that nothing else waits: see pinsBefore.
const pinPoints = "pin points"

// sequence adds steps to states, each leading to the next and the last to next,
// and names the first. In a branch next is "": the last state ends it.
func (c *compiler) sequence(states map[string]state, steps []plan.Step, branch, next string) (string, error) {
	if len(steps) == 0 {
		return "", fmt.Errorf("a sequence%s has no steps", branch)
	}
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.ID
		if s.Kind == "" {
			c.groups++
			names[i] = fmt.Sprintf("group %d", c.groups)
		}
	}
	first := c.pins(states, &steps[0], branch, names[0])
	for i, s := range steps {
		after := next
		if i+1 < len(steps) {
			after = c.pins(states, &steps[i+1], branch, names[i+1])
		}
		if err := c.add(states, names[i], s, branch, after); err != nil {
			return "", err
		}
	}
	return first, nil
}

// pins is the name of the state that leads to a step: its own, or pinPoints before it.
func (c *compiler) pins(states map[string]state, s *plan.Step, branch, name string) string {
	if s != c.pinsBefore() {
		return name
	}
	c.pin(states, branch, name)
	return pinPoints
}

func (c *compiler) pin(states map[string]state, branch, after string) {
	c.loop(states, pinPoints, OpenRun, "In a planned run, waits for recovery points from after the fence, and pins them.", c.pinning(c.fence()), c.holding(plan.Step{ID: pinPoints, OnFailure: plan.Pause}), branch, after)
}

func (c *compiler) add(states map[string]state, name string, s plan.Step, branch, after string) error {
	if s.Kind == "" {
		return c.group(states, name, s, branch, after)
	}
	if after == "" {
		after = name + endSuffix
		states[after] = state{Type: "Pass", Comment: "This branch is done.", End: true}
	}
	if s.ID == c.fence() && c.waits() && c.pinsBefore() == nil {
		c.pin(states, branch, after)
		after = pinPoints
	}
	spec, err := json.Marshal(s.Spec)
	if err != nil {
		return fmt.Errorf("step %s: %w", name, err)
	}
	c.loop(states, name, string(s.Kind), purpose(s), c.advance(s, spec), c.holding(s), branch, after)
	return nil
}

// group compiles branches. A failed branch fails the group at once, and the
// outermost group's Catch closes the run: what its sibling steps had begun is in
// the journal.
func (c *compiler) group(states map[string]state, name string, s plan.Step, branch, after string) error {
	group := state{
		Type:       "Parallel",
		Comment:    fmt.Sprintf("%d branches at the same time; goes on when all are done.", len(s.Parallel)),
		ResultPath: json.RawMessage("null"),
		Catch:      out(branch),
		Next:       after,
		End:        after == "",
	}
	for i, steps := range s.Parallel {
		inside := map[string]state{}
		first, err := c.sequence(inside, steps, fmt.Sprintf("%s, branch %d of %s", branch, i+1, name), "")
		if err != nil {
			return err
		}
		group.Branches = append(group.Branches, machine{StartAt: first, States: inside})
	}
	states[name] = group
	return nil
}

// loop is Task → done? → wait → Task, so nothing waits inside a Lambda. A Task that
// fails for good goes to the hold, which asks a person and waits inside the branch:
// a branch that failed would stop its siblings.
func (c *compiler) loop(states map[string]state, name, function, comment string, payload, holding map[string]any, branch, after string) {
	done, wait, hold, holdWait := name+doneSuffix, name+waitSuffix, name+holdSuffix, name+holdWaitSuffix
	states[name] = task(function, comment, payload, done, caught(hold))
	states[hold] = task(HoldStep, "Failed for good: a person says retry, skip or abort; or the plan does.", holding, done, out(branch))
	states[done] = state{
		Type:    "Choice",
		Comment: "Done, or look again after the wait that the step asked for.",
		Choices: []choice{
			{Variable: statusPath, StringEquals: string(step.StatusDone), Next: after},
			{Variable: statusPath, StringEquals: string(step.StatusHold), Next: holdWait},
		},
		Default: wait,
	}
	states[wait] = state{Type: "Wait", Comment: "The step says how long.", SecondsPath: waitPath, Next: name}
	states[holdWait] = state{Type: "Wait", Comment: "Nobody has answered yet.", SecondsPath: waitPath, Next: hold}
}

// advance is a step.Request. What a drill needs goes along in a plan that has one.
func (c *compiler) advance(s plan.Step, spec json.RawMessage) map[string]any {
	payload := map[string]any{
		"op":       step.Advance,
		"plan":     c.plan.Name,
		"run.$":    runPath,
		"step":     s.ID,
		"kind":     s.Kind,
		"primary":  c.plan.Primary,
		"recovery": c.plan.Recovery,
		"timeout":  s.Timeout,
		"pace":     c.pace,
		"spec":     spec,
	}
	if c.course != plan.CourseRecover {
		payload["course"] = c.course
	}
	if c.plan.Drill != nil {
		payload["drill"] = c.plan.Drill
	}
	if s.Kind == plan.KindApprove && c.plan.Notify != "" {
		payload["notify"] = c.plan.Notify
	}
	return payload
}

// holding is hold-step's input.
func (c *compiler) holding(s plan.Step) map[string]any {
	payload := map[string]any{"plan": c.plan.Name, "run.$": runPath, "step": s.ID, "on-failure": s.OnFailure, "failure.$": failurePath}
	if c.plan.Notify != "" {
		payload["notify"] = c.plan.Notify
	}
	return payload
}

// pinning is open-run's input after a fence.
func (c *compiler) pinning(fence string) map[string]any {
	payload := c.opening()
	payload["after"], payload["step"] = fence, pinPoints
	return payload
}

// out is the way out when a run is aborted. In a branch there is none: the error
// fails the branch, and the outermost group around it catches.
func out(branch string) []catcher {
	if branch != "" {
		return nil
	}
	return caught(closeFailed)
}
