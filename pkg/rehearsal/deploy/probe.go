package deploy

import (
	"context"
	"time"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/probe"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/schedule"
)

// vantages deploys the probes of other regions.
func (d *deployer) vantages(ctx context.Context) ([]schedule.Schedule, error) {
	var schedules []schedule.Schedule
	for _, b := range d.blueprint.Vantages {
		v := &deployer{cloud: d.cloud, blueprint: b}
		if err := v.each(ctx, []part{{"probe", v.functions}, {"alarms", v.alarms}}); err != nil {
			return nil, err
		}
		schedules = append(schedules, v.schedules()...)
	}
	return schedules, nil
}

// least is the least that a probe has: a page takes real time, and on a busy machine
// up to a second, which is what a shopper waits for one too.
const least = 4 * time.Second

// timeout of a function is real, as all timeouts are, but for the probe's, which
// spreads its tries over it: over a minute of data time.
func (d *deployer) timeout(function blueprint.Function) time.Duration {
	if function.Name != probe.Function {
		return function.Timeout
	}
	return max(least, d.cloud.Clock.Real(function.Timeout))
}
