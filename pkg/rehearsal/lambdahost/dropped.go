package lambdahost

import (
	"encoding/json"
	"time"
)

// Dropped is an asynchronous event that failed for good.
type Dropped struct {
	Function string
	Payload  []byte
	At       time.Time // data time
	Error    string    // of the last attempt
}

// drop notes an event that no attempt could deliver, and reports it where the function
// says.
func (h *Host) drop(d *deployment, ev event, attempts int, last answer) {
	problem := last.problem()
	h.options.Log.Error("event dropped", "function", d.fn.Deployed, "request", ev.id, "attempts", attempts, "err", problem)
	now := h.options.Clock.Now()
	if d.fn.OnFailure != "" && h.options.Report != nil {
		h.options.Report(d.fn, record(ev, attempts, last, now))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dropped = append(h.dropped, Dropped{Function: d.fn.Deployed, Payload: ev.payload, At: now, Error: problem})
}

// record is what Lambda sends to an on-failure destination.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func record(ev event, attempts int, last answer, now time.Time) []byte {
	raw, _ := json.Marshal(map[string]any{ // of JSON texts, which it takes as they are
		"version": "1.0", "timestamp": now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"requestContext": map[string]any{
			"requestId": ev.id, "functionArn": ev.arn, "condition": "RetriesExhausted", "approximateInvokeCount": attempts,
		},
		"requestPayload":  asJSON(ev.payload),
		"responseContext": map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": unhandled},
		"responsePayload": asJSON(last.payload),
	})
	return raw
}

// asJSON is a JSON text as it is, and any other one as a string.
func asJSON(raw []byte) any {
	if json.Valid(raw) {
		return json.RawMessage(raw)
	}
	return string(raw)
}
