package workload

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// course is one of the plan's, with what the references of its steps stand for
// before any run.
type course struct {
	*plan.Plan
	atHome outputs
	shut   map[string]string // tags by which another course shuts what runs where this one acts
}

// expects are the builders of what a step finds where it acts, by kind. A kind that
// expects nothing there, or something that another builder makes, has none: a
// replica is made with its source.
var expects = map[plan.Kind]func(context.Context, *site, course, *plan.Step) error{
	plan.KindLaunchInstances: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		spec := step.Spec.(*plan.LaunchInstances)
		if err := s.template(ctx, spec.Template, on.shut); err != nil {
			return err
		}
		return s.targetGroups(ctx, spec.Targets, spec.DrillTargets)
	},
	plan.KindRegisterTargets: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		spec := step.Spec.(*plan.RegisterTargets)
		if err := s.targetGroups(ctx, spec.Targets, spec.Drill); err != nil {
			return err
		}
		return s.standing(ctx, on, spec.Instances)
	},
	plan.KindRestoreVolumes: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		return s.standing(ctx, on, step.Spec.(*plan.RestoreVolumes).AttachTo)
	},
	plan.KindResizeInstances: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		return s.standing(ctx, on, step.Spec.(*plan.ResizeInstances).Instances)
	},
	plan.KindSetParameter: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		return s.parameter(ctx, step.Spec.(*plan.SetParameter), on.atHome)
	},
	plan.KindScaleGroup: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		spec := step.Spec.(*plan.ScaleGroup)
		if spec.Group == "" {
			return fmt.Errorf("the simulated AWS has no ECS service %s", spec.Service)
		}
		return s.scalingGroup(ctx, spec.Group, nil, smallSize(on.Plan, spec.Desired))
	},
	plan.KindAssociateAddress: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		spec := step.Spec.(*plan.AssociateAddress)
		for _, id := range []string{spec.Address, spec.Drill} {
			if id == "" || !s.once("address", id) {
				continue
			}
			if _, err := s.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc}, knownAs(id)); err != nil {
				return err
			}
		}
		return s.standing(ctx, on, spec.Instance)
	},
	plan.KindRunCommand: func(ctx context.Context, s *site, on course, step *plan.Step) error {
		spec := step.Spec.(*plan.RunCommand)
		if err := s.standing(ctx, on, spec.Instances); err != nil {
			return err
		}
		s.lags(spec.Lag)
		return s.document(ctx, spec.Document)
	},
}

// smallSize is how much of a group runs before a run makes it large: half of it where
// both sides serve, a quarter where one stands by.
func smallSize(p *plan.Plan, desired int) int {
	if p.Strategy == plan.MultiSite {
		return max(1, desired/2)
	}
	return max(1, desired/4)
}

func (s *site) targetGroups(ctx context.Context, names ...string) error {
	for _, name := range names {
		if name == "" {
			continue
		}
		if _, err := s.targets(ctx, name); err != nil {
			return fmt.Errorf("target group %s: %w", name, err)
		}
	}
	return nil
}

// standing runs the small instances of a Name that no step of the course launches.
func (s *site) standing(ctx context.Context, on course, name string) error {
	if name == "" || strings.Contains(name, "${") {
		return nil
	}
	for step := range on.Steps() {
		if spec, ok := step.Spec.(*plan.LaunchInstances); ok && spec.Template == name {
			return nil
		}
	}
	if !s.once("instances", name) {
		return nil
	}
	for i := range standingBy(on.Plan, name) {
		_, err := s.ec2.RunInstances(ctx, &ec2.RunInstancesInput{
			ImageId: aws.String(s.image), InstanceType: types.InstanceTypeT4gSmall, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
			SubnetId:          aws.String(s.subnets[i%len(s.subnets)]),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: tagList(map[string]string{"Name": name})}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// standingBy is how many instances of a Name are kept: one where an address leads to
// it, which can lead to one alone.
func standingBy(p *plan.Plan, name string) int {
	for step := range p.Steps() {
		if spec, ok := step.Spec.(*plan.AssociateAddress); ok && spec.Instance == name {
			return 1
		}
	}
	return workers
}

// document is one of the team's own, which AWS's documents are not.
func (s *site) document(ctx context.Context, name string) error {
	if strings.HasPrefix(name, "AWS-") || !s.once("document", name) {
		return nil
	}
	_, err := ssm.NewFromConfig(s.cloud.Upstream(s.region)).CreateDocument(ctx, &ssm.CreateDocumentInput{
		Name: aws.String(name), DocumentType: ssmtypes.DocumentTypeCommand, DocumentFormat: ssmtypes.DocumentFormatJson,
		Content: aws.String(`{"schemaVersion":"2.2","description":"the team's own","mainSteps":[{"action":"aws:runShellScript","name":"do","inputs":{"runCommand":["true"]}}]}`),
	})
	if err != nil {
		return fmt.Errorf("document %s: %w", name, err)
	}
	return nil
}

// lags publishes every minute how far behind a self-managed replica is, as its own
// agent would: seconds.
func (s *site) lags(metric *plan.Metric) {
	if metric == nil {
		return
	}
	s.cloud.Every(time.Minute, s.region, func(ctx context.Context, now time.Time) error {
		datum := cwtypes.MetricDatum{MetricName: aws.String(metric.Name), Timestamp: aws.Time(now), Value: aws.Float64(s.cloud.Durations.ReplicaLag.Seconds())}
		for name, value := range metric.Dimensions {
			datum.Dimensions = append(datum.Dimensions, cwtypes.Dimension{Name: aws.String(name), Value: aws.String(value)})
		}
		_, err := cloudwatch.NewFromConfig(s.cloud.As(role, s.region)).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
			Namespace: aws.String(metric.Namespace), MetricData: []cwtypes.MetricDatum{datum},
		})
		return err
	})
}
