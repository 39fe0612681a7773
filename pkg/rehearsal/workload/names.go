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

// ttl is how long a name that is no alias may be remembered.
const ttl = 60

// publishNames makes the hosted zones: records of both sides for the name that the
// plan moves, in the way in which it moves it, and one to the side where a course
// acts for each name that its verify steps ask.
func publishNames(ctx context.Context, c *cloud.Cloud, p *plan.Plan, sites map[string]*site, healthCheck string) error {
	book := &zones{client: route53.NewFromConfig(c.Upstream("us-east-1")), ids: map[string]string{}}
	home, away := sites[p.Primary], sites[p.Recovery]
	for _, side := range []*site{home, away} {
		c.Internet.RegisterName(side.name, side.address)
	}
	seen := map[string]bool{}
	for s := range p.Steps() {
		spec, ok := s.Spec.(*plan.ShiftTraffic)
		if !ok || seen[spec.Record] {
			continue
		}
		seen[spec.Record] = true
		if err := book.put(ctx, spec.Zone, spec.Record, moved(p, spec, home, away, healthCheck)...); err != nil {
			return err
		}
		if spec.DrillRecord == "" {
			continue
		}
		drilled := *spec
		drilled.Record = spec.DrillRecord
		if err := book.put(ctx, spec.Zone, spec.DrillRecord, moved(p, &drilled, home, away, healthCheck)...); err != nil {
			return err
		}
	}
	for _, course := range p.Courses() {
		on := p.On(course)
		for s := range on.Steps() {
			spec, ok := s.Spec.(*plan.Verify)
			if !ok {
				continue
			}
			for _, page := range []string{spec.URL, spec.DrillURL} {
				at, err := url.Parse(page)
				if err != nil {
					return fmt.Errorf("step %s: %w", s.ID, err)
				}
				name := at.Hostname()
				if name == "" || seen[name] {
					continue
				}
				seen[name] = true
				if err := book.put(ctx, "", name, sites[on.Recovery].record(name)); err != nil {
					return err
				}
			}
		}
	}
	return probed(ctx, book, p, home, seen)
}

// probed leads the name that the probe asks to where users are, unless the plan moves
// it.
func probed(ctx context.Context, book *zones, p *plan.Plan, home *site, seen map[string]bool) error {
	if p.Detect.Probe == nil || p.Detect.Probe.URL == "" {
		return nil
	}
	at, err := url.Parse(p.Detect.Probe.URL)
	if err != nil {
		return fmt.Errorf("the probe: %w", err)
	}
	if name := at.Hostname(); name != "" && !seen[name] {
		return book.put(ctx, "", name, home.record(name))
	}
	return nil
}

// moved are the records of a name that a step moves.
func moved(p *plan.Plan, spec *plan.ShiftTraffic, home, away *site, healthCheck string) []*types.ResourceRecordSet {
	first, second := home.record(spec.Record), away.record(spec.Record)
	switch spec.Via {
	case plan.ViaCNAME:
		first.Type, first.AliasTarget, first.TTL = types.RRTypeCname, nil, aws.Int64(ttl)
		first.ResourceRecords = []types.ResourceRecord{{Value: aws.String(home.name)}}
		return []*types.ResourceRecordSet{first}
	case plan.ViaWeights:
		first.SetIdentifier, first.Weight = aws.String(spec.PrimarySet), aws.Int64(100)
		second.SetIdentifier, second.Weight = aws.String(spec.RecoverySet), aws.Int64(0)
		if p.Strategy == plan.MultiSite { // both serve
			second.Weight = aws.Int64(100)
		}
	default:
		first.SetIdentifier, first.Failover = aws.String("primary"), types.ResourceRecordSetFailoverPrimary
		if healthCheck != "" {
			first.HealthCheckId = aws.String(healthCheck)
		}
		second.SetIdentifier, second.Failover = aws.String("recovery"), types.ResourceRecordSetFailoverSecondary
	}
	return []*types.ResourceRecordSet{first, second}
}

// record leads a name to a side: by an alias to its load balancer, or to the
// address of one that has none.
func (s *site) record(name string) *types.ResourceRecordSet {
	if s.balancer != nil {
		return alias(name, s.name)
	}
	return &types.ResourceRecordSet{
		Name: aws.String(name), Type: types.RRTypeA, TTL: aws.Int64(ttl),
		ResourceRecords: []types.ResourceRecord{{Value: aws.String(s.address)}},
	}
}

type zones struct {
	client *route53.Client
	ids    map[string]string // by domain
}

// put makes records in the zone of their domain, which has the id that the plan
// knows it by, if it does.
func (z *zones) put(ctx context.Context, id, name string, records ...*types.ResourceRecordSet) error {
	domain := domain(name)
	if z.ids[domain] == "" {
		zone, err := z.client.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String(domain), CallerReference: aws.String(domain)},
			func(o *route53.Options) { o.APIOptions = append(o.APIOptions, known(id)...) })
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
