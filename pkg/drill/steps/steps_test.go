package steps_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/pilotlight/pilotlight/pkg/drill/steps"
	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/step"
)

// lambda answers one invocation as the Invoke API does.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func lambda(t *testing.T, status int, functionError, payload string) (steps.Steps, *int) {
	t.Helper()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		if want := "/2015-03-31/functions/pilotlight-storefront-verify/invocations"; r.URL.Path != want || r.Method != http.MethodPost {
			t.Errorf("%s %s, want a POST to %s", r.Method, r.URL.Path, want)
		}
		if functionError != "" {
			w.Header().Set("X-Amz-Function-Error", functionError)
		}
		w.WriteHeader(status)
		if _, err := w.Write([]byte(payload)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return steps.New(aws.Config{
		Region: "us-west-2", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("made-up", "made-up", ""),
	}), &calls
}

func TestAsk_givesTheStepsAnswer(t *testing.T) {
	asked, calls := lambda(t, http.StatusOK, "", `{"status":"WAIT","waitSeconds":5,"detail":"shutting down"}`)
	answer, err := asked.Ask(t.Context(), "storefront", "verify", json.RawMessage(`{}`))
	if err != nil || answer.Status != step.StatusWait || answer.Detail != "shutting down" || *calls != 1 {
		t.Errorf("%+v, %v after %d calls", answer, err, *calls)
	}
}

func TestAsk_tellsARefusalFromAFunctionThatWasNotHeard(t *testing.T) {
	for name, c := range map[string]struct {
		status        int
		functionError string
		payload       string
		class         failure.Class
		said          bool // by the function itself
	}{
		"a refusal":                 {http.StatusOK, "Unhandled", `{"errorType":"Pilotlight.BadInput","errorMessage":"no such step"}`, failure.BadInput, true},
		"a run out of time":         {http.StatusOK, "Unhandled", `{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out after 60.00 seconds"}`, failure.TryAgain, true},
		"a crash":                   {http.StatusOK, "Unhandled", `{"errorType":"Runtime.ExitError","errorMessage":"exit status 2"}`, failure.TryAgain, true},
		"too many requests":         {http.StatusTooManyRequests, "", `{"Type":"User","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}`, failure.TryAgain, false},
		"Lambda's own trouble":      {http.StatusInternalServerError, "", `{}`, failure.TryAgain, false},
		"an answer that is no JSON": {http.StatusOK, "", `yes`, failure.TryAgain, false},
	} {
		asked, calls := lambda(t, c.status, c.functionError, c.payload)
		_, err := asked.Ask(t.Context(), "storefront", "verify", json.RawMessage(`{}`))
		var failed failure.Failed
		if said := errors.As(err, &failed); failure.ClassOf(err) != c.class || said != c.said || *calls != 1 {
			t.Errorf("%s: %v of class %q after %d calls; said by the function: %t", name, err, failure.ClassOf(err), *calls, said)
		}
	}
}
