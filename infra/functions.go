package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
	"github.com/pilotlight/pilotlight/pkg/names"
)

// function is one Lambda with a role of its own, which holds the blueprint's
// grants and the right to write its own log, and nothing else.
func (s *recovery) function(f blueprint.Function) awslambda.Function {
	logs := awslogs.NewLogGroup(s.stack, construct("Log", f.Name), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/pilotlight/" + s.blueprint.Plan + "/" + f.Name),
		Retention:     awslogs.RetentionDays_THIRTEEN_MONTHS, // an auditor comes once a year
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	statements := []awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("logs:CreateLogStream", "logs:PutLogEvents"),
		Resources: &[]*string{logs.LogGroupArn()},
	})}
	policies := blueprint.Policies(f.Grants)
	for _, grant := range policies[0] {
		statements = append(statements, statement(grant))
	}
	managed := managed(s.stack, f.Deployed, policies[1:])
	role := awsiam.NewRole(s.stack, construct("Role", f.Name), &awsiam.RoleProps{
		RoleName:        jsii.String(f.Deployed),
		AssumedBy:       service("lambda"),
		InlinePolicies:  &map[string]awsiam.PolicyDocument{f.Name: document(statements...)},
		ManagedPolicies: &managed,
	})
	var reserved *float64 // nil: the account's pool
	if f.Concurrent > 0 {
		reserved = jsii.Number(f.Concurrent)
	}
	var environment *map[string]*string
	if f.Input != "" {
		environment = &map[string]*string{names.Input: jsii.String(f.Input)}
	}
	return awslambda.NewFunction(s.stack, construct("Function", f.Name), &awslambda.FunctionProps{
		FunctionName: jsii.String(f.Deployed),
		Description:  jsii.String(f.Purpose),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(s.binaries, f.Name)), nil),
		Role:         role,
		LogGroup:     logs,
		Timeout:      awscdk.Duration_Seconds(jsii.Number(f.Timeout.Seconds())),
		MemorySize:   jsii.Number(f.MemoryMiB),
		Environment:  environment,

		ReservedConcurrentExecutions: reserved,
		CurrentVersionOptions: &awslambda.VersionOptions{
			// A run in flight calls the version that it started with: keep it.
			RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		},
	})
}

// managed are policies for what a role has no room for. The role names them, so
// that it is whole before anything uses it.
func managed(stack awscdk.Stack, role string, policies [][]blueprint.Grant) []awsiam.IManagedPolicy {
	var made []awsiam.IManagedPolicy
	for i, grants := range policies {
		statements := make([]awsiam.PolicyStatement, len(grants))
		for j, grant := range grants {
			statements[j] = statement(grant)
		}
		name := fmt.Sprintf("%s-%d", role, i+2) // the first is the role's own
		made = append(made, awsiam.NewManagedPolicy(stack, construct("Policy", name), &awsiam.ManagedPolicyProps{
			ManagedPolicyName: jsii.String(name),
			Description:       jsii.String("Pilotlight: what role " + role + " has no room for"),
			Document:          document(statements...),
		}))
	}
	return made
}

// statement renders a grant. Resources' tokens become CloudFormation's, and the
// regions a condition on the region that the request is for.
func statement(g blueprint.Grant) awsiam.PolicyStatement {
	resources := make([]*string, len(g.Resources))
	for i, resource := range g.Resources {
		resource = strings.ReplaceAll(resource, "${Partition}", *awscdk.Aws_PARTITION())
		resources[i] = jsii.String(strings.ReplaceAll(resource, "${Account}", *awscdk.Aws_ACCOUNT_ID()))
	}
	conditions := map[string]any{}
	for operator, keys := range g.Condition {
		values := map[string]any{}
		for key, value := range keys {
			values[key] = value
		}
		conditions[operator] = values
	}
	if len(g.Regions) > 0 {
		equals, ok := conditions["StringEquals"].(map[string]any)
		if !ok {
			equals = map[string]any{}
			conditions["StringEquals"] = equals
		}
		equals["aws:RequestedRegion"] = g.Regions
	}
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings(g.Actions...), Resources: &resources, Conditions: &conditions,
	})
}
