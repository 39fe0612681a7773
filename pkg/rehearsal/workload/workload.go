// Package workload builds, through the AWS API, the application that a plan is
// for: what its policies protect in the primary region, what its steps expect to
// find in the recovery region, the names that users know, and the alarms.
//
// Everything is derived from the plan, so any valid plan can be rehearsed. It
// models a web application with workers and databases; it is not the product and
// carries none of the product's tags. It is older than the rehearsal, so it is
// built in the simulator behind the front, where nothing takes time.
package workload

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
)

// role is who makes the application's alarms, in the audit.
const role = "workload"

// How large the modelled application is in its primary region.
const (
	webServers     = 2 // instances an image policy stands for
	workers        = 2 // instances a volume policy protects, or fewer if the plan launches fewer
	dataVolumes    = 2 // data volumes a worker
	dataVolumeSize = 40
)

// Public addresses of the two sites, reserved for documentation by RFC 5737.
const (
	PrimaryAddress  = "192.0.2.10"
	RecoveryAddress = "198.51.100.10"
)

// Workload is a running application.
type Workload struct {
	// Page is what users ask for; empty when no step of the plan moves traffic.
	Page string

	cloud *cloud.Cloud
	plan  *plan.Plan
	sides map[string]*Side // by region
}

// Side is what of the application is in a region, or on premises.
func (w *Workload) Side(region string) *Side { return w.sides[region] }

// Build brings the application up in the primary region, and in the recovery
// region what the plan's strategy keeps there. healthCheck is what the failover
// records hang on; empty when the plan moves no traffic.
func Build(ctx context.Context, c *cloud.Cloud, p *plan.Plan, healthCheck string) (*Workload, error) {
	sites := map[string]*site{}
	for _, at := range []struct {
		region, address string
		zones           []string
	}{{p.Primary, PrimaryAddress, zonesOf(p.Primary)}, {p.Recovery, RecoveryAddress, recoveryZones(p)}} {
		site, err := newSite(ctx, c, p.Name, at.region, at.address, at.zones)
		if err != nil {
			return nil, fmt.Errorf("build the site in %s: %w", at.region, err)
		}
		sites[at.region] = site
	}
	atHome, err := buildDatabases(ctx, c, p)
	if err != nil {
		return nil, fmt.Errorf("build the databases: %w", err)
	}
	if err := sites[p.Primary].protected(ctx, p); err != nil {
		return nil, fmt.Errorf("build what the plan protects: %w", err)
	}
	for _, c := range p.Courses() {
		on := p.On(c)
		if on.Recovery == plan.OnPremises {
			continue
		}
		if err := sites[on.Recovery].kept(ctx, course{on, atHome, shutBy(p, on.Recovery)}); err != nil {
			return nil, fmt.Errorf("build what the plan finds in %s: %w", on.Recovery, err)
		}
	}
	if home := sites[p.Primary]; home != nil && len(p.Failback) > 0 {
		if err := home.keys(ctx, p); err != nil { // copies go there while the recovery region serves
			return nil, fmt.Errorf("build the keys in %s: %w", p.Primary, err)
		}
	}
	if err := sites[p.Recovery].ready(ctx, p); err != nil {
		return nil, fmt.Errorf("build what the recovery region keeps: %w", err)
	}
	if err := sites[p.Primary].fencing(ctx, p); err != nil {
		return nil, fmt.Errorf("build what fences need: %w", err)
	}
	if err := sites[p.Recovery].fencing(ctx, p); err != nil {
		return nil, fmt.Errorf("build what fences need: %w", err)
	}
	if err := putAlarms(ctx, c, p); err != nil {
		return nil, err
	}
	if err := publishNames(ctx, c, p, sites, healthCheck); err != nil {
		return nil, fmt.Errorf("publish the names: %w", err)
	}
	return serve(c, p)
}

// serve opens the web servers of both sides. The one at home has all that it needs
// until something happens to it.
func serve(c *cloud.Cloud, p *plan.Plan) (*Workload, error) {
	w := &Workload{cloud: c, plan: p, sides: map[string]*Side{}}
	for region, address := range map[string]string{p.Primary: PrimaryAddress, p.Recovery: RecoveryAddress} {
		side, err := newSide(c, p, region, address)
		if err != nil {
			return nil, err
		}
		w.sides[region] = side
	}
	w.sides[p.Recovery].Needs(p)
	if record := shifted(p); record != "" {
		w.Page = "https://" + record + "/"
	}
	return w, nil
}

// shifted is the record that the plan moves; empty if it moves none.
func shifted(p *plan.Plan) string {
	for s := range p.Steps() {
		if spec, ok := s.Spec.(*plan.ShiftTraffic); ok {
			return spec.Record
		}
	}
	return ""
}

// zonesOf are the two zones that the application uses in its primary region.
func zonesOf(region string) []string { return []string{region + "a", region + "b"} }

// recoveryZones are those that the plan's launch steps name, or two of the region.
func recoveryZones(p *plan.Plan) []string {
	var zones []string
	seen := map[string]bool{}
	for s := range p.Steps() {
		spec, ok := s.Spec.(*plan.LaunchInstances)
		if !ok {
			continue
		}
		for _, zone := range spec.Zones {
			if !seen[zone] {
				seen[zone] = true
				zones = append(zones, zone)
			}
		}
	}
	if len(zones) < 2 { // a load balancer wants two
		for _, zone := range zonesOf(p.Recovery) {
			if !seen[zone] {
				zones = append(zones, zone)
			}
		}
	}
	return zones
}

// domain is the hosted zone of a name: its last two labels.
func domain(name string) string {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// CalmAlarms settles the team's own alarms: all is well.
func (w *Workload) CalmAlarms(ctx context.Context) error {
	for _, alarm := range w.plan.Detect.Alarms {
		_, err := cloudwatch.NewFromConfig(w.cloud.As(role, alarm.Region)).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String(alarm.Name), StateValue: cwtypes.StateValueOk, StateReason: aws.String("all is well"),
		})
		if err != nil {
			return fmt.Errorf("settle alarm %s: %w", alarm.Name, err)
		}
	}
	return nil
}
