package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
)

// kept builds what the steps of a course expect to find where they act, each kind
// what it needs; and, where copies go, keys and what points at images.
func (s *site) kept(ctx context.Context, on course) error {
	for step := range on.Steps() {
		build := expects[step.Kind]
		if build == nil {
			continue
		}
		if err := build(ctx, s, on, step); err != nil {
			return fmt.Errorf("what step %s expects: %w", step.ID, err)
		}
	}
	return nil
}

// ready builds what the plan keeps in the recovery region whatever its steps are.
func (s *site) ready(ctx context.Context, p *plan.Plan) error {
	if err := s.keys(ctx, p); err != nil {
		return err
	}
	if err := s.isolated(ctx, p.Drill); err != nil {
		return err
	}
	if err := s.topic(ctx, p.Notify); err != nil {
		return err
	}
	return s.pointers(ctx, p)
}

// topic is where people hear of what the plan sees and asks. Nobody has subscribed.
func (s *site) topic(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	_, err := sns.NewFromConfig(s.cloud.Upstream(s.region)).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String(name)})
	return err
}

// once says whether something of a site has not been built yet.
func (s *site) once(what, name string) bool {
	if s.built == nil {
		s.built = map[string]bool{}
	}
	was := s.built[what+" "+name]
	s.built[what+" "+name] = true
	return !was
}

// keys are those that the plan's policies encrypt their copies with, by alias. A
// policy that names a key by id or ARN names one that only the team can have.
func (s *site) keys(ctx context.Context, p *plan.Plan) error {
	client := kms.NewFromConfig(s.cloud.Upstream(s.region))
	made := map[string]bool{}
	for _, policy := range p.Protect {
		if !strings.HasPrefix(policy.Key, "alias/") || made[policy.Key] {
			continue
		}
		made[policy.Key] = true
		key, err := client.CreateKey(ctx, &kms.CreateKeyInput{})
		if err != nil {
			return fmt.Errorf("key %s: %w", policy.Key, err)
		}
		if _, err := client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(policy.Key), TargetKeyId: key.KeyMetadata.KeyId}); err != nil {
			return fmt.Errorf("key %s: %w", policy.Key, err)
		}
	}
	return nil
}

// pointers are the launch templates that policies keep pointing at their newest
// image.
func (s *site) pointers(ctx context.Context, p *plan.Plan) error {
	for _, policy := range p.Protect {
		if policy.Point == nil || policy.Point.LaunchTemplate == "" {
			continue
		}
		if err := s.template(ctx, policy.Point.LaunchTemplate, nil); err != nil {
			return err
		}
	}
	return nil
}

// outputs are references to outputs of steps, each followed by what it stands for
// at home, as strings.NewReplacer takes them.
type outputs []string

// parameter points at the primary until a run turns it.
func (s *site) parameter(ctx context.Context, spec *plan.SetParameter, atHome outputs) error {
	if !s.once("parameter", spec.Name) {
		return nil
	}
	value := strings.NewReplacer(atHome...).Replace(spec.Value)
	if value == spec.Value || strings.Contains(value, "${") {
		value = "at home"
	}
	_, err := ssm.NewFromConfig(s.cloud.Upstream(s.region)).PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(spec.Name), Value: aws.String(value), Type: ssmtypes.ParameterTypeString,
	})
	return err
}

// buildDatabases makes a database at home for every promotion, with its replica
// in the recovery region.
func buildDatabases(ctx context.Context, c *cloud.Cloud, p *plan.Plan) (outputs, error) {
	var atHome outputs
	home, away := rds.NewFromConfig(c.Upstream(p.Primary)), rds.NewFromConfig(c.Upstream(p.Recovery))
	for step := range p.Steps() {
		spec, ok := step.Spec.(*plan.PromoteDatabase)
		if !ok || spec.Replica == "" {
			continue
		}
		name := strings.TrimSuffix(spec.Replica, "-replica")
		if name == spec.Replica {
			name += "-primary"
		}
		out, err := home.CreateDBInstance(ctx, newDatabase(name))
		if err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
		atHome = append(atHome,
			"${"+step.ID+".endpoint}", aws.ToString(out.DBInstance.Endpoint.Address),
			"${"+step.ID+".port}", fmt.Sprint(aws.ToInt32(out.DBInstance.Endpoint.Port)))
		_, err = away.CreateDBInstanceReadReplica(ctx, &rds.CreateDBInstanceReadReplicaInput{
			DBInstanceIdentifier:       aws.String(spec.Replica),
			SourceDBInstanceIdentifier: aws.String("arn:aws:rds:" + p.Primary + ":" + c.AccountOf(p.Primary) + ":db:" + name),
			DBInstanceClass:            aws.String("db.t4g.medium"),
			SourceRegion:               aws.String(p.Primary),
		})
		if err != nil {
			return nil, fmt.Errorf("replica %s: %w", spec.Replica, err)
		}
	}
	return atHome, nil
}

// putAlarms makes the team's own alarms, all well.
func putAlarms(ctx context.Context, c *cloud.Cloud, p *plan.Plan) error {
	for _, alarm := range alarms(p) {
		client := cloudwatch.NewFromConfig(c.As(role, alarm.Region))
		_, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(alarm.Name), Namespace: aws.String("Shop"), MetricName: aws.String(alarm.Name),
			Statistic: cwtypes.StatisticMaximum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3),
			Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold,
		})
		if err != nil {
			return fmt.Errorf("make alarm %s: %w", alarm.Name, err)
		}
		_, err = client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String(alarm.Name), StateValue: cwtypes.StateValueOk, StateReason: aws.String("all is well"),
		})
		if err != nil {
			return fmt.Errorf("settle alarm %s: %w", alarm.Name, err)
		}
	}
	return nil
}

// alarms of the plan: those that mean a disaster, and those that stop a drill.
func alarms(p *plan.Plan) []plan.Alarm {
	all := slices.Clone(p.Detect.Alarms)
	for _, alarm := range p.Drill.Watched(p.Recovery) {
		if !slices.Contains(all, alarm) {
			all = append(all, alarm)
		}
	}
	return all
}
