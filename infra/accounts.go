package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// newSourceRole is what the recovery account's protection functions act as in the
// primary account.
func newSourceRole(stack awscdk.Stack, r *blueprint.Role) {
	policies := blueprint.Policies(r.Grants)
	statements := make([]awsiam.PolicyStatement, len(policies[0]))
	for i, grant := range policies[0] {
		statements[i] = statement(grant)
	}
	var beside []any
	for _, policy := range managed(stack, r.Name, policies[1:]) {
		beside = append(beside, policy.ManagedPolicyArn())
	}
	awsiam.NewCfnRole(stack, jsii.String("SourceRole"), &awsiam.CfnRoleProps{
		RoleName:                 jsii.String(r.Name),
		Description:              jsii.String("Pilotlight: makes recovery points here and lets the recovery account copy them"),
		AssumeRolePolicyDocument: r.Trust(),
		Policies: []*awsiam.CfnRole_PolicyProperty{{
			PolicyName: jsii.String("protect"), PolicyDocument: document(statements...),
		}},
		ManagedPolicyArns: &beside,
	})
}

// admit lets the primary account's rules put their events on the recovery bus.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html
func (s *recovery) admit() {
	if s.blueprint.Accounts == nil {
		return
	}
	awsevents.NewCfnEventBusPolicy(s.stack, jsii.String("Admit"), &awsevents.CfnEventBusPolicyProps{
		StatementId: jsii.String("pilotlight-" + s.blueprint.Plan),
		Statement: map[string]any{
			"Sid":       "pilotlight-" + s.blueprint.Plan,
			"Effect":    "Allow",
			"Principal": map[string]any{"AWS": "arn:" + *awscdk.Aws_PARTITION() + ":iam::" + s.blueprint.Accounts.Primary + ":root"},
			"Action":    "events:PutEvents",
			"Resource": s.stack.FormatArn(&awscdk.ArnComponents{
				Service: jsii.String("events"), Resource: jsii.String("event-bus"), ResourceName: jsii.String("default"),
			}),
		},
	})
}
