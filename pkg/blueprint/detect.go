package blueprint

import (
	"slices"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/plan"
)

// detect adds decide-failover with its tick and the rule on the plan's alarms.
func (b *Blueprint) detect(p *plan.Plan) error {
	input := decide.Input{
		Plan: p.Name, Primary: p.Primary, Recovery: p.Recovery, Notify: p.Notify, Objectives: p.Objectives,
		Detect: p.Signals(), Gate: gate(p), Drill: p.Drill.Watched(p.Recovery),
	}
	alarms := slices.Concat(input.Detect.Alarms, input.Drill)
	grants := slices.Concat(b.locks(p), alarmGrants(alarms), b.tells(p), []Grant{
		b.reads("GetItem", "Query"), b.writes(p.Name),
		{Actions: []string{"states:StartExecution"}, Resources: b.machines("stateMachine:", ""), Regions: []string{p.Recovery}},
		{Actions: []string{"states:DescribeExecution"}, Resources: b.machines("execution:", ":*"), Regions: []string{p.Recovery}},
	})
	b.add(p, "decide-failover", grants...)
	if err := b.schedule(b.named("decide"), decideEvery, "decide-failover", input); err != nil {
		return err
	}
	if len(alarms) == 0 {
		return nil
	}
	if err := b.signals(p, input); err != nil {
		return err
	}
	return b.nudge(p, alarms, input)
}

// alarmGrants let alarms be read, wherever they are, and how often they went off.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
func alarmGrants(alarms []plan.Alarm) []Grant {
	if len(alarms) == 0 {
		return nil
	}
	var regions, arns []string
	for _, alarm := range alarms {
		regions, arns = append(regions, alarm.Region), append(arns, regional("cloudwatch", alarm.Region, "alarm:"+alarm.Name))
	}
	slices.Sort(regions)
	slices.Sort(arns)
	regions, arns = slices.Compact(regions), slices.Compact(arns)
	return []Grant{
		{Actions: []string{"cloudwatch:DescribeAlarms"}, Resources: []string{"*"}, Regions: regions,
			Because: "DescribeAlarms on more than one alarm has no resource level"},
		{Actions: []string{"cloudwatch:DescribeAlarmHistory"}, Resources: arns, Regions: regions},
	}
}
