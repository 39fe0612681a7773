package cloud

import (
	"context"
	"time"
)

// Every does at an interval of data time what a service of a region does by
// itself, for as long as the cloud is there and the region is not struck.
func (c *Cloud) Every(interval time.Duration, region string, do func(ctx context.Context, now time.Time) error) {
	c.running.Go(func() {
		for c.Clock.Wait(c.loop, interval) == nil {
			if c.Front.Struck(region) {
				continue
			}
			if err := do(c.loop, c.Clock.Now()); err != nil && c.loop.Err() == nil {
				c.log.Error("what AWS does by itself was not done", "region", region, "err", err)
			}
		}
	})
}
