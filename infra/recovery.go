package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/workflow"
)

// recovery is the stack that carries out the plan. It refers to nothing in the
// primary region, so it can be deployed and changed while that is down. A vantage
// stack is a small one, whose blueprint has a probe alone.
type recovery struct {
	stack     awscdk.Stack
	blueprint *blueprint.Blueprint
	binaries  string
	functions map[string]awslambda.Function
	queues    map[string]awssqs.Queue // that schedules and rules send to, by function
}

func newRecoveryStack(scope constructs.Construct, b *blueprint.Blueprint, binaries string) awscdk.Stack {
	description := fmt.Sprintf("Pilotlight: everything that recovers plan %s in %s", b.Plan, b.Recovery)
	s := &recovery{newStack(scope, b, "recovery", b.Recovery, description), b, binaries, map[string]awslambda.Function{}, map[string]awssqs.Queue{}}
	s.ledger()
	for _, function := range b.Functions {
		s.functions[function.Name] = s.function(function)
		if function.Queue != nil {
			s.queue(function)
		}
	}
	for _, machine := range s.blueprint.Machines {
		s.machine(machine)
	}
	s.people()
	s.schedules()
	s.rules()
	s.alarms()
	s.admit()
	return s.stack
}

// ledger outlives the stack: it holds the posture, and deleting it would send
// every later decision back to standby.
func (s *recovery) ledger() {
	awsdynamodb.NewTable(s.stack, jsii.String("Ledger"), &awsdynamodb.TableProps{
		TableName:          jsii.String(s.blueprint.Table),
		PartitionKey:       &awsdynamodb.Attribute{Name: jsii.String(names.PartitionKey), Type: awsdynamodb.AttributeType_STRING},
		SortKey:            &awsdynamodb.Attribute{Name: jsii.String(names.SortKey), Type: awsdynamodb.AttributeType_STRING},
		BillingMode:        awsdynamodb.BillingMode_PAY_PER_REQUEST,
		DeletionProtection: jsii.Bool(true),
		RemovalPolicy:      awscdk.RemovalPolicy_RETAIN,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
	})
}

// machine is a compiled definition, untouched: CloudFormation substitutes the
// functions' published versions, so a deploy never changes a run in flight.
func (s *recovery) machine(m blueprint.Machine) {
	substitutions := map[string]*string{}
	var versions []*string
	for _, function := range s.blueprint.Functions {
		if strings.Contains(m.Definition, workflow.Token(function.Name)) {
			version := s.functions[function.Name].CurrentVersion().FunctionArn()
			substitutions[workflow.TokenName(function.Name)] = version
			versions = append(versions, version)
		}
	}
	role := awsiam.NewRole(s.stack, suffixed("MachineRole", string(m.Course)), &awsiam.RoleProps{
		AssumedBy: service("states"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"invoke": document(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings("lambda:InvokeFunction"), Resources: &versions,
		}))},
	})
	machine := awsstepfunctions.NewCfnStateMachine(s.stack, suffixed("Machine", string(m.Course)), &awsstepfunctions.CfnStateMachineProps{
		StateMachineName:        jsii.String(m.Name),
		RoleArn:                 role.RoleArn(),
		DefinitionString:        jsii.String(m.Definition),
		DefinitionSubstitutions: substitutions,
	})
	awscdk.Validations_Of(machine).Acknowledge(&awscdk.Acknowledgment{
		Id:     jsii.String("CloudFormation-Validate::E1029"),
		Reason: jsii.String("${step.output} is the plan's own reference, which the step's function resolves during a run"),
	})
}

func (s *recovery) schedules() {
	role := awsiam.NewRole(s.stack, jsii.String("SchedulerRole"), &awsiam.RoleProps{
		AssumedBy:      service("scheduler"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"target": document(s.scheduled()...)},
	})
	for _, schedule := range s.blueprint.Schedules {
		awsscheduler.NewCfnSchedule(s.stack, construct("Schedule", schedule.Name), &awsscheduler.CfnScheduleProps{
			Name:               jsii.String(schedule.Name),
			ScheduleExpression: jsii.String(fmt.Sprintf("rate(%d minutes)", int(schedule.Every.Minutes()))),
			FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
			Target: &awsscheduler.CfnSchedule_TargetProperty{
				Arn:     s.target(schedule.Function),
				RoleArn: role.RoleArn(),
				Input:   jsii.String(schedule.Input),
			},
		})
	}
}

// target is where what is meant for a function is sent: to its queue, if it has
// one.
func (s *recovery) target(function string) *string {
	if queue, ok := s.queues[function]; ok {
		return queue.QueueArn()
	}
	return s.functions[function].FunctionArn()
}

// scheduled is what the schedules may do with their targets.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
func (s *recovery) scheduled() []awsiam.PolicyStatement {
	var invoked, sent []*string
	seen := map[string]bool{}
	for _, schedule := range s.blueprint.Schedules {
		if seen[schedule.Function] {
			continue
		}
		seen[schedule.Function] = true
		if s.queues[schedule.Function] != nil {
			sent = append(sent, s.target(schedule.Function))
		} else {
			invoked = append(invoked, s.target(schedule.Function))
		}
	}
	statements := []awsiam.PolicyStatement{allow("lambda:InvokeFunction", invoked)} // decide-failover, or a probe, is always there
	if len(sent) > 0 {
		statements = append(statements, allow("sqs:SendMessage", sent))
	}
	return statements
}

func (s *recovery) rules() {
	for _, rule := range s.blueprint.Rules {
		made := awsevents.NewCfnRule(s.stack, construct("Rule", rule.Name), &awsevents.CfnRuleProps{
			Name:         jsii.String(rule.Name),
			EventPattern: rule.Pattern,
			Targets: []*awsevents.CfnRule_TargetProperty{{
				Id:  jsii.String(rule.Function),
				Arn: s.target(rule.Function),
				InputTransformer: &awsevents.CfnRule_InputTransformerProperty{
					InputPathsMap: map[string]*string{"event": jsii.String("$")},
					InputTemplate: jsii.String(rule.Input),
				},
			}},
		})
		if queue, ok := s.queues[rule.Function]; ok {
			listen(queue, made.AttrArn())
			continue
		}
		awslambda.NewCfnPermission(s.stack, construct("Permit", rule.Name), &awslambda.CfnPermissionProps{
			Action:       jsii.String("lambda:InvokeFunction"),
			FunctionName: s.functions[rule.Function].FunctionArn(),
			Principal:    jsii.String("events.amazonaws.com"),
			SourceArn:    made.AttrArn(),
		})
	}
}

// suffixed is a construct of which there is one that needs no name.
func suffixed(kind, name string) *string {
	if name == "" {
		return jsii.String(kind)
	}
	return construct(kind, name)
}

// construct names a construct after what it is and what it is called.
func construct(kind, name string) *string { return jsii.String(kind + "-" + name) }

func service(name string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(jsii.String(name+".amazonaws.com"), nil)
}

func allow(action string, resources []*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(action), Resources: &resources})
}

func document(statements ...awsiam.PolicyStatement) awsiam.PolicyDocument {
	return awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements})
}
