// Command echo is a function that does what its event says, for the tests.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do  string `json:"do"`
	URL string `json:"url"` // or what to write
}

func main() {
	if os.Getenv("ECHO_BREAKS") != "" {
		fmt.Fprintln(os.Stderr, "cannot start")
		os.Exit(4)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	switch e.Do {
	case "named-error":
		return nil, messages.InvokeResponse_Error{Type: "DR.StepFailed", Message: "no capacity"}
	case "panic":
		panic("lost my head")
	case "exit":
		fmt.Fprintln(os.Stderr, "last words")
		os.Exit(3)
	case "hang":
		<-make(chan struct{})
	case "stdout":
		fmt.Println(e.URL)
	case "stderr":
		fmt.Fprintln(os.Stderr, e.URL)
	case "call":
		return call(e.URL)
	case "large":
		return strings.Repeat("x", 7<<20), nil
	case "pid":
		return os.Getpid(), nil
	case "environment":
		return os.Environ(), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{"arn": lc.InvokedFunctionArn, "id": lc.AwsRequestID, "deadline": deadline}, nil
	}
	return raw, nil
}

// call lets the test decide when, and with which status, this invocation ends.
func call(url string) (any, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("told to go wrong: %s", answer.Status)
	}
	return json.RawMessage(body), nil
}
