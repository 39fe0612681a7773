package lambdahost

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// call is one invocation on its way through an execution environment.
type call struct {
	id       string
	arn      string
	trace    string
	payload  []byte
	deadline time.Time   // real time
	answered chan answer // holds one: the first answer counts
}

// runtimeAPI is the HTTP interface between Lambda and one function process.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	asked  chan struct{} // the process asks for its next invocation: it is free
	calls  chan *call    // what it is given
	failed chan answer   // it says that it cannot start

	mu      sync.Mutex
	current *call
}

func newRuntimeAPI() *runtimeAPI {
	return &runtimeAPI{asked: make(chan struct{}, 1), calls: make(chan *call), failed: make(chan answer, 1)}
}

func (a *runtimeAPI) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.settle(false))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.settle(true))
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initError)
	return mux
}

// next blocks until there is an invocation; the runtime client waits for ever.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case a.asked <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	select {
	case <-r.Context().Done():
	case c := <-a.calls:
		a.mu.Lock()
		a.current = c
		a.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", c.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", c.arn)
		h.Set("Lambda-Runtime-Trace-Id", c.trace)
		w.Write(c.payload) // a process that is gone is noticed by its exit
	}
}

func (a *runtimeAPI) settle(failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
		result, status := answer{payload: body, failed: failed}, http.StatusAccepted
		if err != nil {
			result, status = tooLarge(), http.StatusRequestEntityTooLarge
		}
		a.mu.Lock()
		c := a.current
		if c != nil && c.id == r.PathValue("id") {
			a.current = nil
		} else {
			c = nil
		}
		a.mu.Unlock()
		if c == nil {
			reply(w, http.StatusBadRequest, map[string]string{
				"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"})
			return
		}
		c.answered <- result
		reply(w, status, map[string]string{"status": "OK"})
	}
}

func (a *runtimeAPI) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		body = tooLarge().payload
	}
	select {
	case a.failed <- answer{payload: body, failed: true}:
	default: // it has said so before
	}
	reply(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func reply(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // nobody to tell when the process is gone
}
