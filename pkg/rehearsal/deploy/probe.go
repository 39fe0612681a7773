package deploy

import (
	"context"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
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

// least is the least that a probe has: a page takes real time, on a busy machine up to
// half a second, and so does what it publishes.
const least = 4 * time.Second

// probers are the processes of one probe: one is invoked every real second, every
// third twice, and takes half of the least. Those that jumps make besides have to wait.
const probers = 4

// pace gives a probe a minute of data time. The timeouts of all other functions are
// real, but it spreads its tries over its own, and is nearly always running.
func (d *deployer) pace(fn *lambdahost.Function) {
	fn.Timeout = max(least, d.cloud.Clock.Real(fn.Timeout))
	fn.Concurrency, fn.Watches = probers, true
}
