package probe

import (
	"context"
	"time"
)

// clock is the machine's: AWS's tells neither how long an answer took nor when a
// visitor stops to trust a certificate. Nothing is dated by it.
type clock struct {
	now func() time.Time
	// wait returns after d, or when ctx ends, with its error then.
	wait func(ctx context.Context, d time.Duration) error
}

func machine() clock {
	return clock{now: time.Now, wait: func(ctx context.Context, d time.Duration) error {
		pause, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		<-pause.Done()
		return ctx.Err()
	}}
}
