// Package steps asks the functions of a plan's steps, as the state machine does:
// by name, and waiting for the answer.
//
// It asks once a call. It does not repeat a call that was not answered, because the
// function may be acting on it; who asks comes again.
package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// api is all that is asked of Lambda, and so the IAM checklist.
type api interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Steps are those of the region that the caller runs in.
type Steps struct{ functions api }

// patience is above the functions' timeout of a minute: Lambda's own answer comes
// first. Other calls are given up after a few seconds.
const patience = 70 * time.Second

// New uses cfg's region.
func New(cfg aws.Config) Steps {
	return Steps{lambda.NewFromConfig(cfg, func(o *lambda.Options) {
		o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(patience)
		o.RetryMaxAttempts = 1
	})}
}

// Ask invokes the newest version of a plan's function. An error that the function
// answers is failure.Failed, in the class that it names: one without a name is of a
// function that crashed or ran out of time, and is tried again.
// https://docs.aws.amazon.com/lambda/latest/dg/golang-exceptions.html
func (s Steps) Ask(ctx context.Context, plan, function string, request json.RawMessage) (step.Answer, error) {
	name := names.Function(plan, function)
	out, err := s.functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(name), Payload: request})
	if err != nil {
		return step.Answer{}, fmt.Errorf("invoke %s: %w", name, err)
	}
	if out.FunctionError != nil {
		return step.Answer{}, refusal(name, out.Payload)
	}
	var answer step.Answer
	if err := json.Unmarshal(out.Payload, &answer); err != nil {
		return step.Answer{}, fmt.Errorf("read the answer of %s: %w", name, err)
	}
	return answer, nil
}

func refusal(name string, payload []byte) error {
	var said struct {
		Type    failure.Class `json:"errorType"`
		Message string        `json:"errorMessage"`
	}
	if err := json.Unmarshal(payload, &said); err != nil {
		return fmt.Errorf("read the error of %s: %w", name, err)
	}
	switch said.Type {
	case failure.Permanent, failure.BadInput, failure.RunOver, failure.Abort:
		return failure.Failed{Class: said.Type, Message: said.Message}
	}
	return failure.Failed{Class: failure.TryAgain, Message: fmt.Sprintf("%s: %s: %s", name, said.Type, said.Message)}
}
