package blueprint

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/posture"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// How often the functions that look at the world look, whatever events say.
// Events only make them look sooner.
const (
	passEvery    = 5 * time.Minute // a recovery point that is due waits at most this long
	decideEvery  = time.Minute
	publishEvery = time.Minute // a standard-resolution metric's period
)

// Compile gives everything that a valid plan needs in AWS. It is deterministic.
func Compile(p *plan.Plan) (*Blueprint, error) {
	b := &Blueprint{
		Plan:     p.Name,
		Primary:  p.Primary,
		Recovery: p.Recovery,
		Accounts: p.Accounts,
		Table:    names.Table(p.Name),
	}
	for _, course := range p.Courses() {
		definition, err := workflow.Compile(p, course)
		if err != nil {
			return nil, err
		}
		b.Machines = append(b.Machines, Machine{course, names.Machine(p.Name, course), definition})
	}
	if err := b.protect(p); err != nil {
		return nil, err
	}
	if err := b.ages(p); err != nil {
		return nil, err
	}
	if err := b.detect(p); err != nil {
		return nil, err
	}
	if err := b.watch(p); err != nil {
		return nil, err
	}
	if err := b.conduct(p); err != nil {
		return nil, err
	}
	if err := b.drills(p); err != nil {
		return nil, err
	}
	if err := b.fencing(p); err != nil {
		return nil, err
	}
	b.traffic(p)
	b.deadLetters()
	for i := range b.Alarms {
		b.Alarms[i].Notify = p.Notify
	}
	if err := b.checkRoom(); err != nil {
		return nil, err
	}
	return b, nil
}

// protect adds the passes: a schedule and a rule a policy, whose input carries
// the policy, so that the functions hold no configuration.
func (b *Blueprint) protect(p *plan.Plan) error {
	used := map[string]bool{}
	for i := range p.Protect {
		policy := &p.Protect[i]
		pass := protect.FunctionOf(*policy)
		function, pattern := pass.Name, nudges(pass)
		if !used[function] {
			used[function] = true
			b.add(p, function, b.divide(p, function, passGrants(p, function))...)
			b.enqueue(p, pass)
			if pattern != nil {
				b.Forwards = append(b.Forwards, Forward{Name: b.named(function), Pattern: pattern})
			}
		}
		input := passInput(p, policy)
		name := b.named(policy.Name)
		if err := b.schedule(name, passEvery, function, input); err != nil {
			return err
		}
		if pattern == nil {
			continue
		}
		if err := b.rule(name, pattern, function, input); err != nil {
			return err
		}
	}
	return nil
}

// passInput is a protect.Input without an event.
func passInput(p *plan.Plan, policy *plan.Policy) map[string]any {
	input := map[string]any{"plan": p.Name, "primary": p.Primary, "recovery": p.Recovery, "policy": policy}
	if p.Next != "" {
		input["next"] = p.Next
	}
	if p.Accounts != nil {
		input["accounts"] = p.Accounts
	}
	return input
}

// traffic adds the publisher and the alarm that a health check can follow.
func (b *Blueprint) traffic(p *plan.Plan) {
	for s := range p.Steps() {
		if s.Kind != plan.KindShiftTraffic {
			continue
		}
		b.Traffic = &Traffic{
			Alarm: Alarm{
				Name:        names.PostureAlarm(p.Name),
				Description: "In ALARM while the recovery region serves. Route 53 follows this alarm's metric.",
				Namespace:   posture.Namespace(p.Name),
				Metric:      posture.Metric,
				Statistic:   "Minimum",
				Period:      publishEvery,
				Periods:     1,
				Comparison:  "LessThanThreshold",
				Threshold:   posture.PrimaryValue,
				MissingData: "ignore",
			},
			Check:  names.PostureAlarm(p.Name),
			NoData: "LastKnownStatus", // a publisher that stops moves nobody
		}
		b.add(p, "publish-posture",
			Grant{Actions: []string{"dynamodb:GetItem"}, Resources: b.ledger(), Regions: []string{p.Recovery}},
			Grant{Actions: []string{"cloudwatch:PutMetricData"}, Resources: []string{"*"}, Regions: []string{p.Recovery},
				Condition: map[string]map[string]string{"StringEquals": {"cloudwatch:namespace": b.Traffic.Alarm.Namespace}},
				Because:   "PutMetricData has no resource level; the condition limits it to the plan's namespace"},
		)
		b.Schedules = append(b.Schedules, Schedule{Name: b.named("publish"), Every: publishEvery, Function: "publish-posture", Input: fmt.Sprintf(`{"plan":%q}`, p.Name)})
		return
	}
}

func (b *Blueprint) add(p *plan.Plan, function string, grants ...Grant) {
	b.Functions = append(b.Functions, Function{
		Name:      function,
		Deployed:  names.Function(p.Name, function),
		Purpose:   purposes[function],
		Timeout:   functionTimeout,
		MemoryMiB: functionMemoryMiB,
		Grants:    grants,
	})
}

func (b *Blueprint) schedule(name string, every time.Duration, function string, input any) error {
	raw, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("write the input of schedule %s: %w", name, err)
	}
	b.Schedules = append(b.Schedules, Schedule{Name: name, Every: every, Function: function, Input: string(raw)})
	return nil
}

// rule sends matching events to a function, each with the input's fields beside it.
func (b *Blueprint) rule(name string, pattern Pattern, function string, input any) error {
	raw, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("write the input of rule %s: %w", name, err)
	}
	template := string(raw[:len(raw)-1]) + `,"event":` + EventToken + `}`
	b.Rules = append(b.Rules, Rule{Name: name, Pattern: pattern, Function: function, Input: template})
	return nil
}

func (b *Blueprint) named(what string) string { return names.Function(b.Plan, what) }

// arn is a resource of the recovery region in the deployment's account.
func (b *Blueprint) arn(service, resource string) string {
	return regional(service, b.Recovery, resource)
}

// nudges are the events that tell a pass to look sooner: those that its function
// looks at, and no others.
func nudges(f protect.Function) Pattern {
	if len(f.Events) == 0 {
		return nil
	}
	return Pattern{"source": []string{f.Source}, "detail-type": f.Events}
}

// EventToken stands for the event in a Rule's Input.
const EventToken = "<event>"
