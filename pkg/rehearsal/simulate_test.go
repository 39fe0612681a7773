package rehearsal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/pilotlight/pilotlight/internal/repository"
	"github.com/pilotlight/pilotlight/pkg/names"
	"github.com/pilotlight/pilotlight/pkg/rehearsal"
	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// What a person does with make simulate and make invoke: a failover by hand, and when
// that is over the way back. Each run is told of, step by step.
func TestSimulate_tellsOfEveryRunThatSomebodyStarts(t *testing.T) {
	ctx, enough := context.WithTimeout(t.Context(), 10*time.Minute)
	defer enough()
	p := load(t, "../../plans/kiosk.yaml")
	byHand := func(endpoint, mode string) error {
		client := lambda.New(lambda.Options{
			Region: p.Recovery, BaseEndpoint: aws.String(endpoint), Credentials: credentials.NewStaticCredentialsProvider(front.Key("operator", ""), "any", ""),
		})
		out, err := client.Invoke(ctx, &lambda.InvokeInput{
			FunctionName: aws.String(names.Function(p.Name, "decide-failover")),
			Payload:      fmt.Appendf(nil, `{"plan":%q,"manual":{"reason":"a test","mode":%q}}`, p.Name, mode),
		})
		if err == nil && !strings.Contains(string(out.Payload), `"verdict":"Start"`) {
			err = fmt.Errorf("%s was answered %s", mode, out.Payload)
		}
		return err
	}
	var at string
	told := &diary{t: t, on: func(line string) {
		switch {
		case strings.Contains(line, "run kiosk-1 ended"):
			if err := byHand(at, "failback"); err != nil {
				t.Error(err)
				enough()
			}
		case strings.Contains(line, "run kiosk-2 ended"):
			enough()
		}
	}}
	err := rehearsal.Simulate(ctx, rehearsal.Options{
		Plan: p, Root: repository.Path(t), Tell: told.begin,
	}, func(endpoint string) error {
		at = endpoint
		return byHand(at, "unplanned")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v, before anybody ended it", err)
	}
	heard := strings.Join(told.lines, "\n")
	for _, line := range []string{
		"run kiosk-1 started", "done verify", "done verify-europe", "run kiosk-1 ended Recovered",
		"run kiosk-2 started", "run kiosk-2 ended Recovered",
	} {
		if !strings.Contains(heard, line) {
			t.Errorf("nothing was told of %q", line)
		}
	}
}
