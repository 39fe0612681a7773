package blueprint

import (
	"fmt"
	"slices"
	"time"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// CheckEvery is how often each step is asked what would stop it.
const CheckEvery = 30 * time.Minute

// AnswerRun is the function through which people speak to a run.
const AnswerRun = "answer-run"

// conduct adds what a run invokes: its opening, its hold and its closing, and one
// function a step kind of any course, granted for all the steps of that kind. Each
// step is checked on a schedule, with its own function and so with its own role.
func (b *Blueprint) conduct(p *plan.Plan) error {
	journal := []Grant{b.reads("GetItem", "Query"), b.writes(p.Name)}
	b.add(p, workflow.OpenRun, append(journal, slices.Concat(openGrants(p), drillGrants(p), b.locks(p))...)...)
	b.add(p, workflow.HoldStep, append(journal, b.tells(p)...)...)
	b.add(p, workflow.CloseRun, append(journal, b.locks(p)...)...)
	b.add(p, AnswerRun, b.reads("GetItem", "Query"), b.writes(p.Name), b.writes(names.Answers(p.Name)))
	grants := map[plan.Kind][]Grant{}
	var kinds []plan.Kind
	for _, course := range p.Courses() {
		on := p.On(course)
		steps := map[plan.Kind][]*plan.Step{}
		for s := range on.Steps() {
			if grants[s.Kind] == nil {
				kinds = append(kinds, s.Kind)
				grants[s.Kind] = journal
			}
			steps[s.Kind] = append(steps[s.Kind], s)
			if err := b.check(on, course, s); err != nil {
				return err
			}
		}
		for kind, of := range steps {
			grants[kind] = more(slices.Clone(grants[kind]), stepGrants[kind](on, of)...)
		}
	}
	for _, kind := range kinds {
		b.add(p, string(kind), append(grants[kind], b.beside(p, kind)...)...)
	}
	return nil
}

// check asks a step every half hour what would stop it.
func (b *Blueprint) check(on *plan.Plan, course plan.Course, s *plan.Step) error {
	if stepGrants[s.Kind] == nil {
		return fmt.Errorf("step kind %s has no grants in pkg/blueprint", s.Kind)
	}
	name := "check-" + s.ID
	if course != plan.CourseRecover {
		name = "check-" + string(course) + "-" + s.ID
	}
	notify := ""
	if s.Kind == plan.KindApprove {
		notify = on.Notify
	}
	return b.schedule(b.named(name), CheckEvery, string(s.Kind), step.Request[any]{
		Op: step.Check, Plan: on.Name, Course: course, Step: s.ID, Kind: s.Kind,
		Primary: on.Primary, Recovery: on.Recovery, Timeout: s.Timeout, Drill: on.Drill, Notify: notify, Spec: s.Spec,
	})
}

// tells lets a function publish to the plan's topic.
func (b *Blueprint) tells(p *plan.Plan) []Grant {
	if p.Notify == "" {
		return nil
	}
	return []Grant{{Actions: []string{"sns:Publish"}, Resources: []string{b.arn("sns", p.Notify)}, Regions: []string{b.Recovery}}}
}

// reads and writes are of the ledger. Who may write is told by partition: what
// people answer is in one that only answer-run writes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
func (b *Blueprint) reads(actions ...string) Grant {
	grant := Grant{Resources: b.ledger(), Regions: []string{b.Recovery}}
	for _, action := range actions {
		grant.Actions = append(grant.Actions, "dynamodb:"+action)
	}
	return grant
}

func (b *Blueprint) writes(partition string) Grant {
	return Grant{Actions: []string{"dynamodb:PutItem"}, Resources: b.ledger(), Regions: []string{b.Recovery},
		Condition: map[string]map[string]string{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": partition}}}
}

func (b *Blueprint) ledger() []string { return []string{b.arn("dynamodb", "table/"+b.Table)} }

// machines are the ARNs of the plan's state machines, or of their executions.
func (b *Blueprint) machines(before, after string) []string {
	var all []string
	for _, machine := range b.Machines {
		all = append(all, b.arn("states", before+machine.Name+after))
	}
	return all
}
