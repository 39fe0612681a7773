package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// newTrafficStack holds what users' traffic hangs on, apart from everything that
// is deployed often: a new health check counts as healthy until it has data, so
// replacing it after a failover would send users back to the dead region.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
func newTrafficStack(scope constructs.Construct, b *blueprint.Blueprint) awscdk.Stack {
	stack := newStack(scope, b, "traffic", b.Recovery, fmt.Sprintf("Pilotlight: what the traffic of plan %s follows", b.Plan))
	stack.SetTerminationProtection(jsii.Bool(true))
	alarm := newAlarm(stack, jsii.String("PrimaryServes"), b.Traffic.Alarm)
	check := awsroute53.NewCfnHealthCheck(stack, jsii.String("Check"), &awsroute53.CfnHealthCheckProps{
		HealthCheckConfig: &awsroute53.CfnHealthCheck_HealthCheckConfigProperty{
			Type: jsii.String("CLOUDWATCH_METRIC"),
			AlarmIdentifier: &awsroute53.CfnHealthCheck_AlarmIdentifierProperty{
				Name: jsii.String(b.Traffic.Alarm.Name), Region: jsii.String(b.Recovery),
			},
			InsufficientDataHealthStatus: jsii.String(b.Traffic.NoData),
		},
		HealthCheckTags: &[]*awsroute53.CfnHealthCheck_HealthCheckTagProperty{{Key: jsii.String("Name"), Value: jsii.String(b.Traffic.Check)}},
	})
	check.AddResourceDependency(alarm, jsii.String("a health check of an alarm that does not exist yet is refused"))
	alarm.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	check.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	awscdk.NewCfnOutput(stack, jsii.String("HealthCheckId"), &awscdk.CfnOutputProps{
		Value:       check.AttrHealthCheckId(),
		Description: jsii.String("Set this as the health check of the plan's PRIMARY failover record"),
	})
	return stack
}
