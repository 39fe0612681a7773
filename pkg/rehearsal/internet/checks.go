package internet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/evaluation"
)

const (
	// interval between two looks at the data streams, in data time. AWS gives no
	// figure for checks on alarms; for endpoints it is 10 or 30 seconds.
	// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
	interval = 10 * time.Second
)

// checks keeps the status of every health check. Route 53 follows the alarm's
// data stream and not its state, so SetAlarmState moves nothing.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
type checks struct {
	metrics metrics
	clock   *clock.Clock
	log     *slog.Logger

	mu       sync.Mutex
	statuses map[string]status
	configs  map[string]types.HealthCheckConfig
}

// metrics is what health checkers ask of CloudWatch.
type metrics interface {
	// Read is the alarm's settings and the datapoints of its evaluation range.
	Read(ctx context.Context, region, name string, now time.Time) (evaluation.Alarm, []evaluation.Datapoint, error)
}

func newChecks(m metrics, c *clock.Clock, log *slog.Logger) *checks {
	return &checks{
		metrics: m, clock: c, log: log,
		statuses: map[string]status{}, configs: map[string]types.HealthCheckConfig{},
	}
}

// healthy of a check that is not known yet, or of a kind that is not modelled, is
// true: Route 53 counts a new health check as healthy.
func (c *checks) healthy(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	config, ok := c.configs[id]
	return !ok || c.statuses[id].healthy(config)
}

// run looks at the data streams until ctx ends.
func (c *checks) run(ctx context.Context, control *route53) {
	for {
		_, all, err := control.read(ctx)
		if err != nil && ctx.Err() == nil {
			c.log.Warn("health checks are as last read", "err", err)
		}
		for _, check := range all {
			c.look(ctx, check)
		}
		if c.clock.Wait(ctx, interval) != nil {
			return
		}
	}
}

// look evaluates one check. What cannot be read leaves its status as it was.
func (c *checks) look(ctx context.Context, check types.HealthCheck) {
	id, config := aws.ToString(check.Id), check.HealthCheckConfig
	if config == nil || config.Type != types.HealthCheckTypeCloudwatchMetric || config.AlarmIdentifier == nil {
		return
	}
	now := c.clock.Now()
	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	alarm, points, err := c.metrics.Read(callCtx, string(config.AlarmIdentifier.Region), aws.ToString(config.AlarmIdentifier.Name), now)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("data stream not read", "check", id, "err", err)
		}
		return
	}
	c.mu.Lock()
	before := c.statuses[id]
	after := before.follow(alarm.State(points, now, before.state))
	c.statuses[id], c.configs[id] = after, *config
	c.mu.Unlock()
	if before.healthy(*config) != after.healthy(*config) {
		c.log.Info("health check changed", "check", id, "healthy", after.healthy(*config), "at", now)
	}
}
