// Package workflow compiles a plan's recover section into one Step Functions
// state machine whose graph in the console is the plan: every step a Task with
// its own look-again loop, every parallel group a Parallel state, three ends.
//
// It is pure and deterministic: the same plan gives the same bytes. It holds no
// ARN: ${PromoteDatabaseArn} stands for the function promote-database.
package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/run"
)

// The functions that open and close every run.
const (
	OpenRun  = "open-run"
	CloseRun = "close-run"
)

// taskTimeout bounds one invocation: above the functions' own timeout, so that
// Lambda's clearer error comes first.
const taskTimeout = 90 * time.Second

// runTimeout ends a run that nothing else has ended. Steps have timeouts of
// their own; this is for what no step sees. decide-failover then closes the run.
const runTimeout = 24 * time.Hour

// Token is what stands in a definition for a function's ARN.
func Token(function string) string { return "${" + TokenName(function) + "}" }

// TokenName is the token's name as CloudFormation's DefinitionSubstitutions
// takes it: letters and digits alone.
func TokenName(function string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(function, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String() + "Arn"
}

// Resolve fills in what stands in a definition for these functions' ARNs, as
// CloudFormation does with DefinitionSubstitutions: all else stays as it is.
func Resolve(definition string, functions []string, arn func(function string) string) string {
	var pairs []string
	for _, function := range functions {
		pairs = append(pairs, Token(function), arn(function))
	}
	return strings.NewReplacer(pairs...).Replace(definition)
}

// Compile gives the state machine of a valid plan in Amazon States Language.
func Compile(p *plan.Plan) (string, error) {
	c := compiler{plan: p}
	states := map[string]state{}
	first, err := c.sequence(states, p.Recover, "", closeRun)
	if err != nil {
		return "", fmt.Errorf("compile plan %s: %w", p.Name, err)
	}
	c.frame(states, first)
	definition := machine{
		Comment:        fmt.Sprintf("Recovery plan %s: %s takes over from %s. RTO %s, RPO %s.", p.Name, p.Recovery, p.Primary, p.Objectives.RTO, p.Objectives.RPO),
		StartAt:        openRun,
		TimeoutSeconds: seconds(runTimeout),
		States:         states,
	}
	out, err := json.MarshalIndent(definition, "", " ")
	if err != nil {
		return "", fmt.Errorf("compile plan %s: %w", p.Name, err)
	}
	return string(out), nil
}

// States that every machine has.
const (
	openRun     = "open run"
	closeRun    = "close run"
	closeFailed = "close failed run"
	whichEnd    = "which end?"
)

// A step's own states are named after it.
const (
	doneSuffix = " · done?"
	waitSuffix = " · wait"
	endSuffix  = " · end"
)

type compiler struct {
	plan   *plan.Plan
	groups int
}

// frame adds what stands around the steps: opening, closing, and the ends.
func (c *compiler) frame(states map[string]state, first string) {
	states[openRun] = c.task(OpenRun, "Takes up the run that holds the lock and pins every recovery point it will use.", c.opening(), first, closeFailed)
	states[closeRun] = c.task(CloseRun, "Every step is done: the plan becomes active.",
		map[string]any{"plan": c.plan.Name, "run.$": runPath, "steps": c.steps()}, whichEnd, string(run.Dirty))
	states[closeFailed] = c.task(CloseRun, "A step failed for good: says whether anything was changed, and what is left.",
		map[string]any{"plan": c.plan.Name, "run.$": runPath, "failure.$": failurePath}, whichEnd, string(run.Dirty))
	states[whichEnd] = state{
		Type:    "Choice",
		Comment: "The end that close-run found.",
		Choices: []choice{
			{Variable: statusPath, StringEquals: string(run.Recovered), Next: string(run.Recovered)},
			{Variable: statusPath, StringEquals: string(run.Aborted), Next: string(run.Aborted)},
		},
		Default: string(run.Dirty),
	}
	states[string(run.Recovered)] = state{Type: "Succeed", Comment: "The recovery region serves."}
	states[string(run.Aborted)] = state{Type: "Fail", Comment: "Nothing was changed.",
		Error: "Pilotlight.Aborted", Cause: "The run ended before it changed anything. The journal says why."}
	states[string(run.Dirty)] = state{Type: "Fail", Comment: "Something is left half-way: a person is needed.",
		Error: "Pilotlight.Dirty", Cause: "A step failed after the run had begun to change things. The journal says which and why."}
}

// steps are the ids of all the plan's steps.
func (c *compiler) steps() []string {
	var ids []string
	for s := range c.plan.Steps() {
		ids = append(ids, s.ID)
	}
	return ids
}

// opening is open-run's input: the policies whose points the steps use, and which
// of them name a key.
func (c *compiler) opening() map[string]any {
	needs := c.needs()
	payload := map[string]any{"plan": c.plan.Name, "run.$": runPath, "needs": needs}
	var encrypted []string
	for _, p := range c.plan.Protect {
		if p.Key != "" && slices.Contains(needs, p.Name) {
			encrypted = append(encrypted, p.Name)
		}
	}
	if len(encrypted) > 0 {
		payload["encrypted"] = encrypted
	}
	return payload
}

// needs are the policies whose recovery points the plan's steps use.
func (c *compiler) needs() []string {
	needs := []string{}
	seen := map[string]bool{"": true}
	for s := range c.plan.Steps() {
		policy := ""
		switch spec := s.Spec.(type) {
		case *plan.RestoreVolumes:
			policy = spec.Policy
		case *plan.LaunchInstances:
			policy = spec.Image
		}
		if !seen[policy] {
			seen[policy] = true
			needs = append(needs, policy)
		}
	}
	return needs
}

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
	for i, s := range steps {
		after := next
		if i+1 < len(steps) {
			after = names[i+1]
		}
		if err := c.add(states, names[i], s, branch, after); err != nil {
			return "", err
		}
	}
	return names[0], nil
}

func (c *compiler) add(states map[string]state, name string, s plan.Step, branch, after string) error {
	if s.Kind == "" {
		return c.group(states, name, s, branch, after)
	}
	if after == "" {
		after = name + endSuffix
		states[after] = state{Type: "Pass", Comment: "This branch is done.", End: true}
	}
	return c.step(states, name, s, branch, after)
}

// group compiles branches. A failed branch fails the group at once, and the
// group's Catch closes the run: what its sibling steps had begun is in the journal.
func (c *compiler) group(states map[string]state, name string, s plan.Step, branch, after string) error {
	group := state{
		Type:       "Parallel",
		Comment:    fmt.Sprintf("%d branches at the same time; goes on when all are done.", len(s.Parallel)),
		ResultPath: json.RawMessage("null"),
		Catch:      catch(branch),
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

// step is Task → done? → wait → Task, so nothing waits inside a Lambda.
func (c *compiler) step(states map[string]state, name string, s plan.Step, branch, after string) error {
	spec, err := json.Marshal(s.Spec)
	if err != nil {
		return fmt.Errorf("step %s: %w", name, err)
	}
	done, wait := name+doneSuffix, name+waitSuffix
	task := c.task(string(s.Kind), purpose(s), map[string]any{
		"plan":     c.plan.Name,
		"run.$":    runPath,
		"step":     s.ID,
		"primary":  c.plan.Primary,
		"recovery": c.plan.Recovery,
		"timeout":  s.Timeout,
		"spec":     json.RawMessage(spec),
	}, done, closeFailed)
	task.Catch = catch(branch)
	states[name] = task
	states[done] = state{
		Type:    "Choice",
		Comment: "Done, or look again after the wait that the step asked for.",
		Choices: []choice{{Variable: statusPath, StringEquals: "DONE", Next: after}},
		Default: wait,
	}
	states[wait] = state{Type: "Wait", Comment: "The step says how long.", SecondsPath: "$.last.waitSeconds", Next: name}
	return nil
}

// catch is a step's way out when it fails for good. In a branch there is none:
// the error fails the branch and the group around it catches.
func catch(branch string) []catcher {
	if branch != "" {
		return nil
	}
	return []catcher{{ErrorEquals: []string{"States.ALL"}, ResultPath: failurePath, Next: closeFailed}}
}
