package lambdahost

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func TestInvoke_reportsWhatItDropsAsLambdaDoes(t *testing.T) {
	reports := make(chan []byte, 1)
	fn := echo
	fn.OnFailure = "arn:aws:sqs:us-west-2:123456789012:dead"
	h := open(t, Options{Retries: 2, Report: func(of Function, record []byte) {
		if of.OnFailure != fn.OnFailure {
			t.Errorf("a report of %+v", of)
		}
		reports <- record
	}}, fn)
	h.Invoke(t.Context(), fn.Deployed, []byte(`{"do":"named-error"}`), true)
	raw := <-reports
	var record struct {
		Version, Timestamp string
		RequestContext     struct {
			RequestID, FunctionArn, Condition string
			ApproximateInvokeCount            int
		}
		RequestPayload  map[string]string
		ResponseContext struct {
			StatusCode                     int
			ExecutedVersion, FunctionError string
		}
		ResponsePayload map[string]any
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		t.Fatal(err)
	}
	context := record.RequestContext
	if record.Version != "1.0" || record.Timestamp == "" || context.RequestID == "" || context.FunctionArn != fn.arn() ||
		context.Condition != "RetriesExhausted" || context.ApproximateInvokeCount != 3 || record.ResponseContext.FunctionError != "Unhandled" {
		t.Errorf("record %s", raw)
	}
	if diff := cmp.Diff(map[string]string{"do": "named-error"}, record.RequestPayload); diff != "" {
		t.Errorf("the event (-sent +reported):\n%s", diff)
	}
	if record.ResponsePayload["errorType"] != "DR.StepFailed" || record.ResponsePayload["errorMessage"] != "no capacity" {
		t.Errorf("the error: %v", record.ResponsePayload)
	}
}

// A function without a destination only drops.
func TestInvoke_reportsNothingThatNobodyAskedFor(t *testing.T) {
	h := open(t, Options{Report: func(of Function, record []byte) { t.Errorf("%s: %s", of.Deployed, record) }}, echo)
	h.Invoke(t.Context(), echo.Deployed, []byte(`{"do":"named-error"}`), true)
	h.work.Wait()
	if len(h.Dropped()) != 1 {
		t.Errorf("dropped %v", h.Dropped())
	}
}
