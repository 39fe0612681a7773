package blueprint

import (
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/probe"
)

// watch adds Pilotlight's own signals: a probe in each region that the plan asks
// from, and the alarm on the heartbeat's silence.
func (b *Blueprint) watch(p *plan.Plan) error {
	if p.Detect.Heartbeat != nil {
		b.Alarms = append(b.Alarms, heartbeatAlarm(p))
	}
	if p.Detect.Probe == nil {
		return nil
	}
	for _, region := range p.Detect.Probe.From {
		from, deployed := b, names.Function(p.Name, probe.Function)
		if region != p.Recovery {
			from = &Blueprint{Plan: p.Name, Primary: p.Primary, Recovery: region, Accounts: p.Accounts}
			b.Vantages = append(b.Vantages, from)
			deployed = names.Vantage(p.Name, region)
		}
		if err := from.probe(p, deployed); err != nil {
			return err
		}
	}
	return nil
}

// probeMemoryMiB is Lambda's least. A probe waits for most of every minute, which is
// paid by the memory: about three dollars a month in each region, where the other
// functions' room would cost six. It needs 20 MiB.
// https://aws.amazon.com/lambda/pricing/
const probeMemoryMiB = 128

// probe adds the function that asks from b's recovery region, with its schedule and
// its alarm. It needs no other region.
func (b *Blueprint) probe(p *plan.Plan, deployed string) error {
	b.add(p, probe.Function, Grant{
		Actions: []string{"cloudwatch:PutMetricData"}, Resources: []string{"*"}, Regions: []string{b.Recovery},
		Condition: map[string]map[string]string{"StringEquals": {"cloudwatch:namespace": probe.Namespace(p.Name)}},
		Because:   "PutMetricData has no resource level; the condition limits it to the probe's namespace",
	})
	f := &b.Functions[len(b.Functions)-1]
	f.Deployed, f.Timeout, f.MemoryMiB = deployed, probe.Timeout, probeMemoryMiB
	b.Alarms = append(b.Alarms, probeAlarm(p))
	return b.schedule(deployed, probe.Every, probe.Function, probe.Input{Plan: p.Name, Probe: *p.Detect.Probe})
}

// probeAlarm goes off when most tries have failed in every minute of the time that
// the plan says. A probe that has stopped is no disaster: after as long without
// data, and the few periods that CloudWatch looks further back, nobody knows.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func probeAlarm(p *plan.Plan) Alarm {
	spec := p.Detect.Probe
	return Alarm{
		Name: names.ProbeAlarm(p.Name),
		Description: fmt.Sprintf("Most of the %d tries a minute that ask %s from here have failed for %s. The log of function %s says why.",
			spec.Tries, probe.Asked(*spec), spec.For, probe.Function),
		Namespace: probe.Namespace(p.Name), Metric: probe.Reached,
		Statistic: "Average", Period: time.Minute, Periods: int(spec.For.D() / time.Minute),
		Comparison: "LessThanThreshold", Threshold: 0.5, MissingData: "missing",
	}
}

// heartbeatAlarm goes off when the primary side has sent nothing for the time that
// the plan says, and as soon as it is deployed, until the first heartbeat comes.
func heartbeatAlarm(p *plan.Plan) Alarm {
	silent := p.Detect.Heartbeat.For
	return Alarm{
		Name: names.HeartbeatAlarm(p.Name),
		Description: fmt.Sprintf("%s has sent no %s to namespace %s for %s.",
			p.Primary, names.Heartbeat, names.HeartbeatNamespace(p.Name), silent),
		Namespace: names.HeartbeatNamespace(p.Name), Metric: names.Heartbeat,
		Statistic: "SampleCount", Period: time.Minute, Periods: int(silent.D() / time.Minute),
		Comparison: "LessThanThreshold", Threshold: 1, MissingData: "breaching",
	}
}
