package cloud

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
)

// bus hands the functions what reaches them through AWS's endpoint. The events
// among it are EventBridge's, and it delivers at least once: here, twice.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-delivery-level.html
type bus struct {
	host *lambdahost.Host

	mu     sync.Mutex
	events map[string]int // by function
}

// Invoke is the host's.
func (b *bus) Invoke(ctx context.Context, function string, payload []byte, asynchronous bool) front.Result {
	if asynchronous {
		b.mu.Lock()
		b.events[function]++
		b.mu.Unlock()
		b.host.Invoke(ctx, function, payload, true)
	}
	return b.host.Invoke(ctx, function, payload, asynchronous)
}

// Timeout is the host's.
func (b *bus) Timeout(function string) (time.Duration, bool) { return b.host.Timeout(function) }

// doubled counts the events of a function, which the bus knows by its ARN.
func (b *bus) doubled(function string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	count := 0
	for arn, events := range b.events {
		if strings.HasSuffix(arn, ":"+function) {
			count += events
		}
	}
	return count
}
