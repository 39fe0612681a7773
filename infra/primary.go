package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// newPrimaryStack holds the little that lives in the primary region: rules that
// forward its snapshot and image events to the recovery region's bus. They make
// a pass look sooner; nothing waits for them. In a plan of two accounts it also
// holds the role in which the functions make recovery points there.
func newPrimaryStack(scope constructs.Construct, b *blueprint.Blueprint) awscdk.Stack {
	stack := newStack(scope, b, "primary", b.Primary, fmt.Sprintf("Pilotlight: forwards the events of plan %s to %s", b.Plan, b.Recovery))
	// Written out rather than referenced: a reference would make one stack need
	// the other's region to deploy.
	address := &awscdk.ArnComponents{
		Service: jsii.String("events"), Region: jsii.String(b.Recovery),
		Resource: jsii.String("event-bus"), ResourceName: jsii.String("default"),
	}
	if b.Accounts != nil {
		address.Account = jsii.String(b.Accounts.Recovery)
	}
	bus := stack.FormatArn(address)
	role := awsiam.NewRole(stack, jsii.String("ForwardRole"), &awsiam.RoleProps{
		AssumedBy: service("events"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"forward": document(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings("events:PutEvents"), Resources: &[]*string{bus},
		}))},
	})
	for _, forward := range b.Forwards {
		awsevents.NewCfnRule(stack, construct("Forward", forward.Name), &awsevents.CfnRuleProps{
			Name:         jsii.String(forward.Name),
			EventPattern: forward.Pattern,
			Targets: []*awsevents.CfnRule_TargetProperty{{
				Id: jsii.String("recovery-bus"), Arn: bus, RoleArn: role.RoleArn(),
			}},
		})
	}
	if b.Source != nil {
		newSourceRole(stack, b.Source)
	}
	return stack
}
