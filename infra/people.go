package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/pilotlight/pilotlight/pkg/blueprint"
)

// people gives whoever may invoke it an address to answer runs at. Requests are
// signed, so that each comes with the ARN of its caller, which the journal keeps;
// nobody is let in who has no permission of their own.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func (s *recovery) people() {
	url := s.functions[blueprint.AnswerRun].AddFunctionUrl(&awslambda.FunctionUrlOptions{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM})
	awscdk.NewCfnOutput(s.stack, jsii.String("AnswerRunUrl"), &awscdk.CfnOutputProps{
		Value:       url.Url(),
		Description: jsii.String("Signed requests with an input of answer-run in their body: what people say to a run."),
	})
}
