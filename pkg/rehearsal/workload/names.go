package workload

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
)

// balancerZone is the hosted zone that alias records to a load balancer name; the
// simulator asks for one and looks at none.
const balancerZone = "Z35SXDOTRQ7X7K"

// publishNames makes the hosted zones: a pair of failover records for the name
// that the plan moves, and an alias to the recovery site for names that a verify
// step asks.
func publishNames(ctx context.Context, c *cloud.Cloud, p *plan.Plan, primary, recovery *site, healthCheck string) error {
	c.Internet.RegisterName(primary.name, PrimaryAddress)
	c.Internet.RegisterName(recovery.name, RecoveryAddress)
	book := &zones{client: route53.NewFromConfig(c.Upstream("us-east-1")), ids: map[string]string{}}
	record := shifted(p)
	if record != "" {
		home := alias(record, primary.name)
		home.SetIdentifier, home.Failover = aws.String("primary"), types.ResourceRecordSetFailoverPrimary
		if healthCheck != "" {
			home.HealthCheckId = aws.String(healthCheck)
		}
		away := alias(record, recovery.name)
		away.SetIdentifier, away.Failover = aws.String("recovery"), types.ResourceRecordSetFailoverSecondary
		if err := book.put(ctx, record, home, away); err != nil {
			return err
		}
	}
	seen := map[string]bool{record: true}
	for s := range p.Steps() {
		spec, ok := s.Spec.(*plan.Verify)
		if !ok {
			continue
		}
		at, err := url.Parse(spec.URL)
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		if name := at.Hostname(); !seen[name] {
			seen[name] = true
			if err := book.put(ctx, name, alias(name, recovery.name)); err != nil {
				return err
			}
		}
	}
	return nil
}

type zones struct {
	client *route53.Client
	ids    map[string]string // by domain
}

func (z *zones) put(ctx context.Context, name string, records ...*types.ResourceRecordSet) error {
	domain := domain(name)
	if z.ids[domain] == "" {
		zone, err := z.client.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String(domain), CallerReference: aws.String(domain)})
		if err != nil {
			return fmt.Errorf("zone %s: %w", domain, err)
		}
		z.ids[domain] = aws.ToString(zone.HostedZone.Id)
	}
	var changes []types.Change
	for _, record := range records {
		changes = append(changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: record})
	}
	_, err := z.client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(z.ids[domain]), ChangeBatch: &types.ChangeBatch{Changes: changes},
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", name, err)
	}
	return nil
}

func alias(name, balancer string) *types.ResourceRecordSet {
	return &types.ResourceRecordSet{
		Name: aws.String(name), Type: types.RRTypeA,
		AliasTarget: &types.AliasTarget{DNSName: aws.String(balancer), HostedZoneId: aws.String(balancerZone), EvaluateTargetHealth: false},
	}
}
