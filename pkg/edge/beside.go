package edge

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Beside is the ARN of a resource beside the function's own: same partition, region
// and account. So no function is configured with ARNs, and none can be configured
// wrongly.
func Beside(ctx context.Context, service, resource string) (string, error) {
	lambda, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return "", errors.New("not invoked by Lambda: there is no function ARN to tell the account from")
	}
	own, err := arn.Parse(lambda.InvokedFunctionArn)
	if err != nil {
		return "", fmt.Errorf("read the function's ARN: %w", err)
	}
	own.Service, own.Resource = service, resource
	return own.String(), nil
}
