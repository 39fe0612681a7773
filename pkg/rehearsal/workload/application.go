package workload

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
)

// open is the application at home: it answers until its power is gone.
func open() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "open, at home") })
}

// application is the application in the recovery region. It answers only when
// AWS, looked at anew whenever anything may have changed, has what it needs:
// healthy servers, attached data, and a writable database where its parameter
// says.
type application struct {
	cloud  *cloud.Cloud
	region string
	needs  []need

	mu     sync.Mutex
	looked bool
	seen   uint64 // the region's changes at the last look
	why    error  // nil: open
}

// need is one thing without which the application does not answer.
type need func(context.Context) error

// lookTimeout bounds one look at AWS, in real time.
const lookTimeout = 5 * time.Second

func newApplication(c *cloud.Cloud, p *plan.Plan) *application {
	a := &application{cloud: c, region: p.Recovery}
	cfg := c.As("application", p.Recovery)
	balancer, machines := elasticloadbalancingv2.NewFromConfig(cfg), ec2.NewFromConfig(cfg)
	databases, parameters := rds.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	for s := range p.Steps() {
		switch spec := s.Spec.(type) {
		case *plan.LaunchInstances:
			if spec.Targets != "" {
				a.needs = append(a.needs, healthyTarget(balancer, spec.Targets))
			}
		case *plan.RestoreVolumes:
			a.needs = append(a.needs, attachedData(machines, spec.AttachTo, workersOf(p, spec.AttachTo)))
		case *plan.SetParameter:
			if strings.Contains(spec.Value, ".endpoint}") {
				a.needs = append(a.needs, writableDatabase(databases, parameters, spec.Name))
			}
		}
	}
	return a
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := a.look(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "open, in the recovery region")
}

func (a *application) look(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	changes := a.cloud.Front.Changes(a.region)
	if a.looked && changes == a.seen {
		return a.why
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	a.why = nil
	for _, need := range a.needs {
		if a.why = need(ctx); a.why != nil {
			break
		}
	}
	a.looked, a.seen = true, changes
	return a.why
}

func healthyTarget(balancer *elasticloadbalancingv2.Client, name string) need {
	return func(ctx context.Context) error {
		groups, err := balancer.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{name}})
		if err != nil {
			return err
		}
		health, err := balancer.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: groups.TargetGroups[0].TargetGroupArn})
		if err != nil {
			return err
		}
		healthy := func(t elbtypes.TargetHealthDescription) bool {
			return t.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy
		}
		if !slices.ContainsFunc(health.TargetHealthDescriptions, healthy) {
			return fmt.Errorf("target group %s has no healthy server", name)
		}
		return nil
	}
}

func attachedData(machines *ec2.Client, name string, count int) need {
	return func(ctx context.Context) error {
		instances, err := running(ctx, machines, name)
		if err != nil {
			return err
		}
		ready := 0
		for _, instance := range instances {
			for _, mapping := range instance.BlockDeviceMappings {
				if mapping.Ebs.Status != ec2types.AttachmentStatusAttached {
					return fmt.Errorf("worker %s: %s is %s", aws.ToString(instance.InstanceId), aws.ToString(mapping.DeviceName), mapping.Ebs.Status)
				}
			}
			if len(instance.BlockDeviceMappings) > 1 { // the root volume is one
				ready++
			}
		}
		if ready < count {
			return fmt.Errorf("%d of %d workers %s run with their data", ready, count, name)
		}
		return nil
	}
}

// running are the running instances of that Name.
func running(ctx context.Context, machines *ec2.Client, name string) ([]ec2types.Instance, error) {
	out, err := machines.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{
		{Name: aws.String("tag:Name"), Values: []string{name}},
		{Name: aws.String("instance-state-name"), Values: []string{string(ec2types.InstanceStateNameRunning)}},
	}})
	if err != nil {
		return nil, err
	}
	var instances []ec2types.Instance
	for _, reservation := range out.Reservations {
		instances = append(instances, reservation.Instances...)
	}
	return instances, nil
}

func writableDatabase(databases *rds.Client, parameters *ssm.Client, name string) need {
	return func(ctx context.Context) error {
		parameter, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
		if err != nil {
			return err
		}
		value := aws.ToString(parameter.Parameter.Value)
		out, err := databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
		if err != nil {
			return err
		}
		for _, db := range out.DBInstances {
			if db.Endpoint == nil || !strings.Contains(value, aws.ToString(db.Endpoint.Address)) {
				continue
			}
			if db.ReadReplicaSourceDBInstanceIdentifier != nil || aws.ToString(db.DBInstanceStatus) != "available" {
				return fmt.Errorf("database %s does not accept writes", aws.ToString(db.DBInstanceIdentifier))
			}
			return nil
		}
		return fmt.Errorf("parameter %s points at %s, which does not answer", name, value)
	}
}
