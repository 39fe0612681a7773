package workload

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/internet"
)

// Side is the application in one region behind its web servers. It answers only
// when AWS, looked at anew whenever anything may have changed, has what it needs:
// healthy servers, attached data, and a writable database where its parameter says.
type Side struct {
	*internet.Server
	Address string // where its web servers are reached

	cloud  *cloud.Cloud
	region string
	probe  *plan.Probe // what the plan's probe wants to hear; nil: there is none

	mu     sync.Mutex
	needs  []need // none: it has all that it needs
	looked bool
	seen   uint64 // the region's changes at the last look
	why    error  // nil: open
}

// need is one thing without which the application does not answer.
type need func(context.Context) error

// lookTimeout bounds one look at AWS, in real time.
const lookTimeout = 5 * time.Second

func newSide(c *cloud.Cloud, p *plan.Plan, region, address string) (*Side, error) {
	s := &Side{cloud: c, region: region, probe: p.Detect.Probe, Address: address}
	server, err := c.Internet.Serve(address, s)
	s.Server = server
	return s, err
}

// Needs makes the side answer only while AWS has what the steps of a plan make
// there: of one course of it, see plan.On.
func (s *Side) Needs(on *plan.Plan) {
	cfg := s.cloud.As("application", s.region)
	var needs []need
	for step := range on.Steps() {
		if made := needsOf[step.Kind]; made != nil {
			needs = append(needs, made(cfg, on, step)...)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.needs, s.looked = needs, false
}

// Missing is what the side lacked when it was last asked for a page; nil when it
// lacked nothing, or was never asked.
func (s *Side) Missing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

func (s *Side) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.look(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	body := "open, in " + s.region
	if s.probe != nil && s.probe.URL == "https://"+r.Host+r.URL.RequestURI() {
		w.WriteHeader(s.probe.Status)
		body += ": " + s.probe.Body
	}
	fmt.Fprintln(w, body)
}

func (s *Side) look(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := s.cloud.Front.Changes(s.region)
	if s.looked && changes == s.seen {
		return s.why
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	s.why = nil
	for _, need := range s.needs {
		if s.why = need(ctx); s.why != nil {
			break
		}
	}
	s.looked, s.seen = true, changes
	return s.why
}

// needsOf are what a step's success gives the application, by kind.
var needsOf = map[plan.Kind]func(aws.Config, *plan.Plan, *plan.Step) []need{
	plan.KindLaunchInstances: func(cfg aws.Config, _ *plan.Plan, s *plan.Step) []need {
		if spec := s.Spec.(*plan.LaunchInstances); spec.Targets != "" {
			return []need{healthyTarget(elasticloadbalancingv2.NewFromConfig(cfg), spec.Targets)}
		}
		return nil
	},
	plan.KindRegisterTargets: func(cfg aws.Config, _ *plan.Plan, s *plan.Step) []need {
		return []need{healthyTarget(elasticloadbalancingv2.NewFromConfig(cfg), s.Spec.(*plan.RegisterTargets).Targets)}
	},
	plan.KindRestoreVolumes: func(cfg aws.Config, p *plan.Plan, s *plan.Step) []need {
		spec := s.Spec.(*plan.RestoreVolumes)
		return []need{attachedData(ec2.NewFromConfig(cfg), spec.AttachTo, workersOf(p, spec.AttachTo))}
	},
	plan.KindSetParameter: func(cfg aws.Config, _ *plan.Plan, s *plan.Step) []need {
		if spec := s.Spec.(*plan.SetParameter); strings.Contains(spec.Value, ".endpoint}") {
			return []need{writableDatabase(rds.NewFromConfig(cfg), ssm.NewFromConfig(cfg), spec.Name)}
		}
		return nil
	},
	plan.KindScaleGroup: func(cfg aws.Config, _ *plan.Plan, s *plan.Step) []need {
		if spec := s.Spec.(*plan.ScaleGroup); spec.Group != "" {
			return []need{capacity(autoscaling.NewFromConfig(cfg), spec.Group, spec.Desired)}
		}
		return nil
	},
	plan.KindResizeInstances: func(cfg aws.Config, _ *plan.Plan, s *plan.Step) []need {
		spec := s.Spec.(*plan.ResizeInstances)
		return []need{resized(ec2.NewFromConfig(cfg), spec.Instances, spec.Type)}
	},
	plan.KindAssociateAddress: func(cfg aws.Config, _ *plan.Plan, s *plan.Step) []need {
		return []need{associated(ec2.NewFromConfig(cfg), s.Spec.(*plan.AssociateAddress).Address)}
	},
	plan.KindRunCommand: func(cfg aws.Config, _ *plan.Plan, s *plan.Step) []need {
		return []need{commanded(ssm.NewFromConfig(cfg), s.Spec.(*plan.RunCommand).Document)}
	},
}
