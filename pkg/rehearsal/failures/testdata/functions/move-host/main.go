// Command move-host is a team's own function, as a step invoke-function invokes it:
// it writes a parameter, and deletes it when it is told to take that back.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	lambda.Start(mover{ssm.NewFromConfig(cfg)}.handle)
	return nil
}

// request is what the step sends, as far as this function reads it.
type request struct {
	Op    string `json:"op"`
	Input struct {
		Parameter string `json:"parameter"`
	} `json:"input"`
}

type answer struct {
	Status string `json:"status"`
	Detail string `json:"detail"`
}

type mover struct{ parameters *ssm.Client }

func (m mover) handle(ctx context.Context, r request) (answer, error) {
	name := aws.String(r.Input.Parameter)
	switch r.Op {
	case "advance":
		_, err := m.parameters.PutParameter(ctx, &ssm.PutParameterInput{Name: name, Value: aws.String("away"), Type: types.ParameterTypeString, Overwrite: aws.Bool(true)})
		return answer{"DONE", "wrote " + *name}, err
	case "undo":
		_, err := m.parameters.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: name})
		if unknown := (*types.ParameterNotFound)(nil); err != nil && !errors.As(err, &unknown) {
			return answer{}, err
		}
		return answer{"DONE", "there is no " + *name}, nil
	}
	return answer{"FAILED", "unknown op " + r.Op}, nil
}
