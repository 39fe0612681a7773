package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/spf13/cobra"

	"github.com/pilotlight/pilotlight/pkg/names"
)

func newInvoke() *cobra.Command {
	endpoint := ""
	cmd := &cobra.Command{
		Use:   "invoke FUNCTION EVENT",
		Short: "Invoke a function of a running simulation with an event from events/",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL"), noted())
			if at == "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "where is AWS? run `pilotlight simulate PLAN` beside this, or set --endpoint or AWS_ENDPOINT_URL\n")
				return errBadInput
			}
			event, err := os.ReadFile(args[1])
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return errBadInput
			}
			plan := planOf(args[0], event)
			if plan == "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s is no JSON object with a \"plan\", nor messages of a queue that have one: every function's input names its plan\n", args[1])
				return errBadInput
			}
			return invoke(cmd.Context(), cmd.OutOrStdout(), at, names.Function(plan, args[0]), event)
		},
	}
	cmd.Flags().StringVar(&endpoint, "endpoint", endpoint, "the simulated AWS; else $AWS_ENDPOINT_URL, else what "+endpointFile+" says")
	return cmd
}

// planOf is the plan that an event of a function is about: it says so, or its first
// message does, or what the message came through is called after it; empty: none.
func planOf(function string, event []byte) string {
	var about struct {
		Plan    string `json:"plan"`
		Records []struct {
			Body  string `json:"body"`
			Queue string `json:"eventSourceARN"`
			SNS   struct{ TopicArn string }
		}
	}
	if err := json.Unmarshal(event, &about); err != nil || about.Plan != "" {
		return about.Plan
	}
	for _, r := range about.Records {
		if plan := cmp.Or(planOf(function, []byte(r.Body)), names.PlanOf(r.Queue, function), names.PlanOf(r.SNS.TopicArn, function)); plan != "" {
			return plan
		}
	}
	return ""
}

// invoke posts the event as Lambda's Invoke takes it and prints the answer.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func invoke(ctx context.Context, w io.Writer, endpoint, function string, event []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/2015-03-31/functions/"+function+"/invocations", bytes.NewReader(event))
	if err != nil {
		return err
	}
	if err := sign(request, event); err != nil {
		return err
	}
	client := http.Client{Timeout: 2 * time.Minute}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, string(body))
	if answer.StatusCode != http.StatusOK || answer.Header.Get("X-Amz-Function-Error") != "" {
		return errBadAnswer
	}
	return nil
}

// sign signs as "operator": in a simulated AWS, the access key's id is who calls.
func sign(request *http.Request, body []byte) error {
	hash := sha256.Sum256(body)
	who := aws.Credentials{AccessKeyID: "operator", SecretAccessKey: "made-up"}
	region := cmp.Or(os.Getenv("AWS_REGION"), "us-west-2") // of a simulation that never strikes
	return v4.NewSigner().SignHTTP(request.Context(), who, request, hex.EncodeToString(hash[:]), "lambda", region, time.Now())
}
