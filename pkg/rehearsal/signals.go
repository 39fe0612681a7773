package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/probe"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/schedule"
)

// signals are Pilotlight's own, as their alarms changed: nobody raises them by hand.
type signals struct {
	mu    sync.Mutex
	turns []turn
}

// turn is a change of an alarm.
type turn struct {
	alarm plan.Alarm
	state cwtypes.StateValue
	at    time.Time // data time
}

// first is when an alarm first came into a state, from a moment on.
func (s *signals) first(alarm plan.Alarm, state cwtypes.StateValue, since time.Time) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.turns {
		if t.alarm == alarm && t.state == state && !t.at.Before(since) {
			return t.at, true
		}
	}
	return time.Time{}, false
}

// own are the signals that come about by themselves: the probe that asks the shop,
// and the heartbeat. A probe that asks for a connection or a name does not reach the
// rehearsal's internet.
func (r *rehearsal) own() []plan.Alarm {
	all := r.Plan.Signals().Alarms[len(r.Plan.Detect.Alarms):]
	return slices.DeleteFunc(slices.Clone(all), func(a plan.Alarm) bool { return !r.probes() && a.Name == names.ProbeAlarm(r.Plan.Name) })
}

// raised are the alarms that the rehearsal raises at a modelled time.
func (r *rehearsal) raised() []plan.Alarm {
	own := r.own()
	return slices.DeleteFunc(slices.Clone(r.Plan.Signals().Alarms), func(a plan.Alarm) bool { return slices.Contains(own, a) })
}

func (r *rehearsal) probes() bool { return r.Plan.Detect.Probe != nil && r.Plan.Detect.Probe.URL != "" }

// watches says whether a function, as deployed, is a probe.
func (r *rehearsal) watches(deployed string) bool {
	return deployed == names.Function(r.Plan.Name, probe.Function) || strings.HasPrefix(deployed, names.Vantage(r.Plan.Name, ""))
}

// played are the schedules without those of a probe that would reach nothing.
func (r *rehearsal) played(schedules []schedule.Schedule) []schedule.Schedule {
	if r.Plan.Detect.Probe == nil || r.probes() {
		return schedules
	}
	return slices.DeleteFunc(schedules, func(s schedule.Schedule) bool { return r.watches(s.Name) }) // called as their functions
}

// watch has the own signals evaluated, and waits until all of them are well.
func (r *rehearsal) watch(ctx context.Context) error {
	own := r.own()
	if r.Plan.Detect.Heartbeat != nil {
		r.cloud.Every(time.Minute, r.Plan.Primary, r.beat)
	}
	for _, alarm := range own {
		err := r.cloud.Evaluate(alarm.Region, alarm.Name, func(state cwtypes.StateValue, at time.Time) {
			r.signals.mu.Lock()
			defer r.signals.mu.Unlock()
			r.signals.turns = append(r.signals.turns, turn{alarm, state, at})
		})
		if err != nil {
			return err
		}
	}
	if err := r.calm(ctx); err != nil || len(own) == 0 {
		return err
	}
	r.Say("waiting until the plan's own signals say that all is well")
	const limit = 30 * time.Minute
	well, err := r.within(ctx, limit, func(context.Context) (bool, error) {
		return !slices.ContainsFunc(own, func(a plan.Alarm) bool {
			_, ok := r.signals.first(a, cwtypes.StateValueOk, time.Time{})
			return !ok
		}), nil
	})
	if err == nil && !well {
		err = fmt.Errorf("within %s not every own signal of the plan was well before the disaster", limit)
	}
	return err
}

// calm settles what is raised by hand besides the team's own alarms.
func (r *rehearsal) calm(ctx context.Context) error {
	for _, alarm := range r.raised()[len(r.Plan.Detect.Alarms):] {
		if err := r.set(ctx, alarm, cwtypes.StateValueOk); err != nil {
			return err
		}
	}
	return nil
}

// beat sends the primary side's heartbeat.
func (r *rehearsal) beat(ctx context.Context, _ time.Time) error {
	_, err := cloudwatch.NewFromConfig(r.cloud.As("site", r.Plan.Recovery)).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace:  aws.String(names.HeartbeatNamespace(r.Plan.Name)),
		MetricData: []cwtypes.MetricDatum{{MetricName: aws.String(names.Heartbeat), Value: aws.Float64(1)}},
	})
	return err
}

// noticedBy notes when each own signal went off after the disaster.
func (r *rehearsal) noticedBy() {
	if !r.scenario.alarmed {
		return
	}
	if r.Plan.Detect.Probe != nil && !r.probes() {
		r.note("The probe asks for a connection or a name, which the rehearsal's internet does not have: its alarm was raised at a modelled time.")
	}
	for _, alarm := range r.own() {
		if at, off := r.signals.first(alarm, cwtypes.StateValueAlarm, r.struck); off {
			r.note("Alarm %s in %s went off %s after the disaster, by its metric.", alarm.Name, alarm.Region, at.Sub(r.struck).Round(time.Second))
		} else {
			r.note("Alarm %s in %s did not go off: by its metric, the outage was too short.", alarm.Name, alarm.Region)
		}
	}
}
