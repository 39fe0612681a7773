// Package deploy renders a blueprint as API calls against the simulated AWS, as
// the CDK app renders it as templates. CloudFormation itself is not used: the
// simulator skips half of what the templates hold without a word.
package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/probe"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/cloud"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/lambdahost"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/schedule"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// role is who deploys, in the audit.
const role = "deploy"

// Deployment is what others need to know of what was deployed.
type Deployment struct {
	Machines    []string // ARNs of the state machines, the failover's first
	HealthCheck string   // id; empty without a traffic part
}

// Apply builds the functions and creates everything in the blueprint, the
// schedules stopped short of firing: Cloud.Schedule starts them.
func Apply(ctx context.Context, c *cloud.Cloud, b *blueprint.Blueprint) (*Deployment, []schedule.Schedule, error) {
	d := &deployer{cloud: c, blueprint: b}
	err := d.each(ctx, []part{
		{"functions", d.functions}, {"queues", d.queues}, {"ledger", d.ledger}, {"state machines", d.machines},
		{"source role", d.source}, {"rules", d.rules}, {"forwards", d.forwards}, {"alarms", d.alarms}, {"traffic", d.traffic},
	})
	if err != nil {
		return nil, nil, err
	}
	there, err := d.vantages(ctx)
	return &d.done, append(d.schedules(), there...), err
}

// part is some of what is deployed.
type part struct {
	what string
	make func(context.Context) error
}

func (d *deployer) each(ctx context.Context, parts []part) error {
	for _, part := range parts {
		if err := part.make(ctx); err != nil {
			return fmt.Errorf("deploy the %s of plan %s in %s: %w", part.what, d.blueprint.Plan, d.blueprint.Recovery, err)
		}
	}
	return nil
}

func (d *deployer) schedules() []schedule.Schedule {
	var schedules []schedule.Schedule
	for _, s := range d.blueprint.Schedules {
		schedules = append(schedules, schedule.Schedule{
			Name: s.Name, Every: s.Every, Target: d.target(s.Function), Input: []byte(s.Input),
		})
	}
	return schedules
}

type deployer struct {
	cloud     *cloud.Cloud
	blueprint *blueprint.Blueprint
	done      Deployment
}

func (d *deployer) functions(ctx context.Context) error {
	var folders []string
	for _, function := range d.blueprint.Functions {
		folders = append(folders, function.Name)
	}
	out, err := d.cloud.Build(ctx, folders)
	if err != nil {
		return err
	}
	for _, function := range d.blueprint.Functions {
		fn := lambdahost.Function{
			Name:        function.Name,
			Deployed:    function.Deployed,
			Binary:      filepath.Join(out, function.Name, "bootstrap"),
			Region:      d.blueprint.Recovery,
			Account:     d.cloud.AccountOf(d.blueprint.Recovery),
			AccessKey:   d.cloud.KeyOf(function.Deployed, d.blueprint.Recovery),
			Timeout:     function.Timeout,
			MemoryMiB:   function.MemoryMiB,
			Concurrency: function.Concurrent,
			OnFailure:   d.onFailure(function),
			Env:         d.environment(function),
		}
		if function.Name == probe.Function {
			d.pace(&fn)
		}
		if err := d.cloud.Host.Deploy(fn); err != nil {
			return err
		}
	}
	return nil
}

// environment is what a function gets beside what Lambda itself sets.
func (d *deployer) environment(function blueprint.Function) []string {
	env := d.cloud.Environment()
	if function.Input != "" {
		env = append(env, names.Input+"="+function.Input)
	}
	return env
}

func (d *deployer) ledger(ctx context.Context) error {
	db := dynamodb.NewFromConfig(d.cloud.As(role, d.blueprint.Recovery))
	_, err := db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   aws.String(d.blueprint.Table),
		BillingMode: ddbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []ddbtypes.AttributeDefinition{
			{AttributeName: aws.String(names.PartitionKey), AttributeType: ddbtypes.ScalarAttributeTypeS},
			{AttributeName: aws.String(names.SortKey), AttributeType: ddbtypes.ScalarAttributeTypeS},
		},
		KeySchema: []ddbtypes.KeySchemaElement{
			{AttributeName: aws.String(names.PartitionKey), KeyType: ddbtypes.KeyTypeHash},
			{AttributeName: aws.String(names.SortKey), KeyType: ddbtypes.KeyTypeRange},
		},
	})
	return err
}

func (d *deployer) machines(ctx context.Context) error {
	client, account := sfn.NewFromConfig(d.cloud.As(role, d.blueprint.Recovery)), d.cloud.AccountOf(d.blueprint.Recovery)
	for _, machine := range d.blueprint.Machines {
		out, err := client.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
			Name:       aws.String(machine.Name),
			Definition: aws.String(Definition(d.blueprint, machine, account)),
			RoleArn:    aws.String("arn:aws:iam::" + account + ":role/" + machine.Name),
		})
		if err != nil {
			return fmt.Errorf("%s: %w", machine.Name, err)
		}
		d.done.Machines = append(d.done.Machines, aws.ToString(out.StateMachineArn))
	}
	return nil
}

// Definition is a state machine as a deployment has it: every function's ARN
// that of its first published version.
func Definition(b *blueprint.Blueprint, machine blueprint.Machine, account string) string {
	var functions []string
	for _, function := range b.Functions {
		functions = append(functions, function.Name)
	}
	return workflow.Resolve(machine.Definition, functions, func(function string) string {
		return functionARN(b, account, function) + ":1"
	})
}

func (d *deployer) rules(ctx context.Context) error {
	for _, rule := range d.blueprint.Rules {
		err := d.rule(ctx, d.blueprint.Recovery, rule.Name, rule.Pattern, ebtypes.Target{
			Id:  aws.String(rule.Function),
			Arn: aws.String(d.target(rule.Function)),
			InputTransformer: &ebtypes.InputTransformer{
				InputPathsMap: map[string]string{"event": "$"},
				InputTemplate: aws.String(rule.Input),
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *deployer) forwards(ctx context.Context) error {
	bus := "arn:aws:events:" + d.blueprint.Recovery + ":" + d.cloud.AccountOf(d.blueprint.Recovery) + ":event-bus/default"
	for _, forward := range d.blueprint.Forwards {
		target := ebtypes.Target{Id: aws.String("recovery-bus"), Arn: aws.String(bus)}
		if err := d.rule(ctx, d.blueprint.Primary, forward.Name, forward.Pattern, target); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployer) rule(ctx context.Context, region, name string, pattern blueprint.Pattern, target ebtypes.Target) error {
	text, err := json.Marshal(pattern)
	if err != nil {
		return err
	}
	bus := eventbridge.NewFromConfig(d.cloud.As(role, region))
	if _, err := bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String(name), EventPattern: aws.String(string(text))}); err != nil {
		return fmt.Errorf("rule %s: %w", name, err)
	}
	if _, err := bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String(name), Targets: []ebtypes.Target{target}}); err != nil {
		return fmt.Errorf("target of rule %s: %w", name, err)
	}
	return nil
}

func (d *deployer) traffic(ctx context.Context) error {
	traffic := d.blueprint.Traffic
	if traffic == nil {
		return nil
	}
	if err := d.alarm(ctx, traffic.Alarm); err != nil {
		return err
	}
	out, err := route53.NewFromConfig(d.cloud.As(role, "us-east-1")).CreateHealthCheck(ctx, &route53.CreateHealthCheckInput{
		CallerReference: aws.String(traffic.Check),
		HealthCheckConfig: &r53types.HealthCheckConfig{
			Type:                         r53types.HealthCheckTypeCloudwatchMetric,
			AlarmIdentifier:              &r53types.AlarmIdentifier{Name: aws.String(traffic.Alarm.Name), Region: r53types.CloudWatchRegion(d.blueprint.Recovery)},
			InsufficientDataHealthStatus: r53types.InsufficientDataHealthStatus(traffic.NoData),
		},
	})
	if err != nil {
		return err
	}
	d.done.HealthCheck = aws.ToString(out.HealthCheck.Id)
	return nil
}

func functionARN(b *blueprint.Blueprint, account, function string) string {
	deployed := names.Function(b.Plan, function)
	for _, f := range b.Functions {
		if f.Name == function {
			deployed = f.Deployed
		}
	}
	return "arn:aws:lambda:" + b.Recovery + ":" + account + ":function:" + deployed
}
