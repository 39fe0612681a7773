// Package edge is where a handler meets Lambda: configuration in, named errors
// and structured logs out. Every function's main is one call to Main.
//
// It holds no behaviour of its own: retries between calls are the state
// machine's, retries inside a call are the SDK's.
package edge

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Handler takes a function's raw input and answers what is marshalled as JSON.
type Handler[Out any] func(ctx context.Context, input json.RawMessage) (Out, error)

// callTimeout bounds one HTTP exchange with AWS, so that an endpoint that
// accepts and never answers costs one call and not the whole invocation. AWS's
// own slowest answer here, CreateImage, takes a few seconds.
const callTimeout = 10 * time.Second

// Main runs a function until Lambda ends it. The handler is made once, in the
// init phase, from the SDK's default configuration.
func Main[Out any](wire func(aws.Config) Handler[Out]) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithHTTPClient(httpClient()))
	if err != nil {
		slog.Error("configuration is unusable", "err", err)
		os.Exit(1)
	}
	lambda.Start(Named(wire(cfg)))
}

func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithTimeout(callTimeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = callTimeout / 2 }).
		WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 4 })
}

// Named gives a handler's error the name that Catch and Retry rules match.
// Lambda reports the outermost Go type as the error's type, so a wrapped error
// would become "wrapError"; only this value, neither wrapped nor a pointer,
// carries a name. https://docs.aws.amazon.com/lambda/latest/dg/golang-exceptions.html
func Named[Out any](handle Handler[Out]) Handler[Out] {
	return func(ctx context.Context, input json.RawMessage) (Out, error) {
		out, err := handle(ctx, input)
		if err != nil {
			return out, messages.InvokeResponse_Error{Type: string(failure.ClassOf(err)), Message: err.Error()}
		}
		return out, nil
	}
}

// In makes something of AWS for whatever region is asked for: what make makes in
// the function's own.
func In[T any](cfg aws.Config, make func(aws.Config) T) func(region string) T {
	return func(region string) T {
		there := cfg.Copy()
		there.Region = region
		return make(there)
	}
}
