// Package workflow compiles each course of a plan (its recover, failback and
// repair sections) into one Step Functions state machine whose graph in the
// console is the plan: every step a Task with its own look-again loop and a hold
// for the day it fails, every parallel group a Parallel state, three ends, and the
// way back out of a run that is aborted.
//
// It is pure and deterministic: the same plan gives the same bytes. It holds no
// ARN: ${PromoteDatabaseArn} stands for the function promote-database.
package workflow

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// The functions that every machine invokes beside its steps'.
const (
	OpenRun  = "open-run"
	HoldStep = "hold-step"
	CloseRun = "close-run"
)

// taskTimeout bounds one invocation: above the functions' own timeout, so that
// Lambda's clearer error comes first.
const taskTimeout = 90 * time.Second

// runTimeout ends a run that nothing else has ended. Steps have timeouts of
// their own; this is for what no step sees, and for a person who never answers.
// decide-failover then closes the run.
const runTimeout = 48 * time.Hour

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

// Compile gives the state machine of one course of a valid plan in Amazon States
// Language.
func Compile(p *plan.Plan, course plan.Course) (string, error) {
	c := compiler{whole: p, plan: p.On(course), course: course}
	c.pace = pace(c.plan.Recover)
	states := map[string]state{}
	first, err := c.sequence(states, c.plan.Recover, "", closeRun)
	if err != nil {
		return "", fmt.Errorf("compile plan %s: %w", p.Name, err)
	}
	c.frame(states, first)
	definition := machine{
		Comment:        c.title(),
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

type compiler struct {
	whole  *plan.Plan
	plan   *plan.Plan // on the course
	course plan.Course
	pace   step.Pace
	groups int
}

func (c *compiler) title() string {
	p := c.plan
	switch c.course {
	case plan.CourseFailback:
		return fmt.Sprintf("Failback of plan %s: from %s back to %s.", p.Name, p.Primary, p.Recovery)
	case plan.CourseRepair:
		return fmt.Sprintf("Repair of plan %s: data put back in %s, without a failover.", p.Name, p.Recovery)
	}
	return fmt.Sprintf("Recovery plan %s: %s takes over from %s. RTO %s, RPO %s.", p.Name, p.Recovery, p.Primary, p.Objectives.RTO, p.Objectives.RPO)
}
