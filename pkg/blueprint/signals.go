package blueprint

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/signal"
)

const (
	// environmentRoom is what all variables of a function have, in bytes.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	environmentRoom = 4096

	// promptBatch is how many messages Lambda hands over without a window.
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
	promptBatch = 10
)

// signals puts a queue before decide-failover, which was added last, and a topic before
// that. Messages bring no configuration, so the function is deployed with the tick's
// input: docs/adr/0011-a-topic-for-signals.md says why.
func (b *Blueprint) signals(p *plan.Plan, input decide.Input) error {
	raw, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("write the input of decide-failover: %w", err)
	}
	if size := len(names.Input) + len(raw); size > environmentRoom {
		return fmt.Errorf("what decides for plan %s takes %d bytes, and a function's environment has room for %d: name fewer alarms and windows in detect (a composite alarm stands for several), or make two plans of it", p.Name, size, environmentRoom)
	}
	f := &b.Functions[len(b.Functions)-1]
	f.Input = string(raw)
	b.queue(f, 0, promptBatch) // a decision waits for no other message
	f.Queue.Topic = names.Signals(p.Name)
	// Lambda reports an event that failed for good in the function's name.
	// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
	f.Grants = append(f.Grants, Grant{
		Actions: []string{"sqs:SendMessage"}, Resources: []string{b.arn("sqs", f.Queue.DeadLetter)}, Regions: []string{b.Recovery},
	})
	return nil
}

// nudge has the events that make decide-failover look sooner invoke it: those of the
// plan's alarms, and AWS Health's of trouble in the primary region. What happens there is
// sent on, while it can be. AWS Health also tells a second region, us-west-2 or us-east-1.
// https://docs.aws.amazon.com/health/latest/ug/choosing-a-region.html
func (b *Blueprint) nudge(p *plan.Plan, alarms []plan.Alarm, input decide.Input) error {
	if err := b.rule(b.named("alarms"), changes(alarms), "decide-failover", input); err != nil {
		return err
	}
	if p.Primary == plan.OnPremises {
		return nil
	}
	if err := b.rule(b.named("health"), troubles(p.Primary), "decide-failover", input); err != nil {
		return err
	}
	b.Forwards = append(b.Forwards, Forward{Name: b.named("health"), Pattern: troubles(p.Primary)})
	there := slices.DeleteFunc(slices.Clone(alarms), func(a plan.Alarm) bool { return a.Region != p.Primary })
	if len(there) > 0 {
		b.Forwards = append(b.Forwards, Forward{Name: b.named("alarms"), Pattern: changes(there)})
	}
	return nil
}

// changes are the events of alarms that changed.
func changes(alarms []plan.Alarm) Pattern {
	var called []string
	for _, alarm := range alarms {
		if !slices.Contains(called, alarm.Name) {
			called = append(called, alarm.Name)
		}
	}
	return Pattern{
		"source":      []string{signal.AlarmSource},
		"detail-type": []string{signal.AlarmEvent},
		"detail":      map[string]any{"alarmName": called},
	}
}

// troubles are the events in which AWS Health says that something in a region is wrong.
// https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html
func troubles(region string) Pattern {
	return Pattern{
		"source":      []string{signal.HealthSource},
		"detail-type": []string{signal.HealthType},
		"detail":      map[string]any{"eventTypeCategory": []string{"issue"}, "eventRegion": []string{region}},
	}
}
