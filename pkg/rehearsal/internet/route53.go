package internet

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/clock"
)

const (
	// freshness is how old, in data time, a reading of the zones may be before
	// somebody asks anew. Route 53 itself takes up to 60 seconds to spread a change.
	// https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html
	freshness = 5 * time.Second

	// callTimeout bounds one reading, in real time.
	callTimeout = 2 * time.Second

	role = "route53-health" // as the audit names these calls
)

// route53 reads hosted zones and health checks from the simulator.
type route53 struct {
	client *sdk.Client
	clock  *clock.Clock

	turn sync.Mutex // who has it asks

	mu   sync.Mutex
	last reading
}

// reading is what the control plane said at a time; the zero value: nothing yet.
type reading struct {
	at     time.Time
	zones  []zone
	checks []types.HealthCheck
}

func newRoute53(endpoint *url.URL, c *clock.Clock) *route53 {
	client := sdk.New(sdk.Options{
		Region:           "us-east-1", // where requests to the global endpoint are signed for
		BaseEndpoint:     aws.String(endpoint.String()),
		Credentials:      credentials.NewStaticCredentialsProvider(role, "rehearsal", ""),
		RetryMaxAttempts: 1,
	})
	return &route53{client: client, clock: c}
}

// read is what the control plane says, or said last: names are resolved by the data
// plane, which goes on without it. One asks anew, and meanwhile the others do not wait,
// unless nothing was read yet.
func (r *route53) read(ctx context.Context) ([]zone, []types.HealthCheck, error) {
	last, age := r.known()
	switch {
	case age < freshness:
		return last.zones, last.checks, nil
	case last.at.IsZero():
		r.turn.Lock()
	case !r.turn.TryLock():
		return last.zones, last.checks, nil
	}
	defer r.turn.Unlock()
	if last, age = r.known(); age < freshness { // somebody has asked in the meantime
		return last.zones, last.checks, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now := r.clock.Now()
	zones, err := r.readZones(ctx)
	if err != nil {
		return last.zones, last.checks, err
	}
	checks, err := r.readChecks(ctx)
	if err != nil {
		return last.zones, last.checks, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = reading{now, zones, checks}
	return zones, checks, nil
}

// known is the last reading, and how old it is.
func (r *route53) known() (reading, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.clock.Now().Sub(r.last.at)
}

func (r *route53) readZones(ctx context.Context) ([]zone, error) {
	var zones []zone
	pages := sdk.NewListHostedZonesPaginator(r.client, &sdk.ListHostedZonesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list hosted zones: %w", err)
		}
		for _, hosted := range page.HostedZones {
			if hosted.Config != nil && hosted.Config.PrivateZone {
				continue
			}
			z := zone{name: fqdn(aws.ToString(hosted.Name))}
			sets := sdk.NewListResourceRecordSetsPaginator(r.client, &sdk.ListResourceRecordSetsInput{
				HostedZoneId: aws.String(strings.TrimPrefix(aws.ToString(hosted.Id), "/hostedzone/")),
			})
			for sets.HasMorePages() {
				page, err := sets.NextPage(ctx)
				if err != nil {
					return nil, fmt.Errorf("list records of %s: %w", z.name, err)
				}
				z.records = append(z.records, page.ResourceRecordSets...)
			}
			zones = append(zones, z)
		}
	}
	return zones, nil
}

func (r *route53) readChecks(ctx context.Context) ([]types.HealthCheck, error) {
	var checks []types.HealthCheck
	pages := sdk.NewListHealthChecksPaginator(r.client, &sdk.ListHealthChecksInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list health checks: %w", err)
		}
		checks = append(checks, page.HealthChecks...)
	}
	return checks, nil
}
