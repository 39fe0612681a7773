package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/names"
)

// there is where a plan is deployed, as the caller: in AWS, or in a simulation.
type there struct {
	plan string
	cfg  aws.Config
}

// find reads which plan is meant: its file, or the name of one whose region the SDK
// is configured for.
func find(cmd *cobra.Command, asked, endpoint string) (there, error) {
	name, region := asked, ""
	if _, err := os.Stat(asked); err == nil || strings.HasSuffix(asked, ".yaml") {
		p, err := load(cmd, asked)
		if err != nil {
			return there{}, err
		}
		name, region = p.Name, p.Recovery
	}
	at := cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL"), noted())
	if at != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "asking the AWS at %s\n", at)
	}
	cfg, err := configure(cmd.Context(), region, at)
	if err != nil {
		return there{}, err
	}
	if cfg.Region == "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "in which region is plan %s? give its file, or set AWS_REGION to its recovery region\n", name)
		return there{}, errBadInput
	}
	return there{name, cfg}, nil
}

// endpointFlag is that of every command that asks AWS.
func endpointFlag(cmd *cobra.Command, endpoint *string) {
	cmd.Flags().StringVar(endpoint, "endpoint", *endpoint, "the simulated AWS; else $AWS_ENDPOINT_URL, else what "+endpointFile+" says, else AWS")
}

// caller is the ARN that the journal keeps of who said something.
func (t there) caller(ctx context.Context) (string, error) {
	out, err := sts.NewFromConfig(t.cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("find out who you are: %w", err)
	}
	return aws.ToString(out.Arn), nil
}

// send invokes one of the plan's functions with an input, and reads its answer. What
// the function refuses is said in its own words.
func (t there) send(cmd *cobra.Command, function string, input, answer any) error {
	payload, err := json.Marshal(input)
	if err != nil {
		return err
	}
	deployed := names.Function(t.plan, function)
	out, err := lambda.NewFromConfig(t.cfg).Invoke(cmd.Context(), &lambda.InvokeInput{FunctionName: aws.String(deployed), Payload: payload})
	if err != nil {
		return fmt.Errorf("invoke %s: %w", deployed, err)
	}
	if out.FunctionError == nil {
		return json.Unmarshal(out.Payload, answer)
	}
	var refused struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(out.Payload, &refused); err != nil || refused.ErrorMessage == "" {
		return fmt.Errorf("%s: %s", deployed, out.Payload)
	}
	fmt.Fprintln(cmd.ErrOrStderr(), refused.ErrorMessage)
	if refused.ErrorType == string(failure.BadInput) {
		return errBadInput
	}
	return errBadAnswer
}
