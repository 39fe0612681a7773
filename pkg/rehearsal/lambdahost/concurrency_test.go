package lambdahost

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// gate is a server that functions call in the middle of an invocation.
type gate struct {
	*httptest.Server
	arrived chan chan int // each call, which waits for the status to be told
}

func newGate(t *testing.T) *gate {
	g := &gate{arrived: make(chan chan int, 100)}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := make(chan int)
		g.arrived <- status
		select {
		case s := <-status:
			w.WriteHeader(s)
			w.Write([]byte(`{"status":"DONE"}`))
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) event() []byte { return []byte(`{"do":"call","url":"` + g.URL + `"}`) }

// observer collects what a host reports, one at a time.
func observer() (chan Invocation, func(Invocation)) {
	seen := make(chan Invocation, 100)
	return seen, func(i Invocation) { seen <- i }
}

func TestInvoke_runsConcurrentCallsInProcessesOfTheirOwn(t *testing.T) {
	fn := echo
	fn.Concurrency = 3
	h, g := open(t, Options{}, fn), newGate(t)
	results := make(chan front.Result)
	for range 4 {
		go func() { results <- h.Invoke(context.Background(), echo.Deployed, g.event(), false) }()
	}
	running := []chan int{<-g.arrived, <-g.arrived, <-g.arrived}
	if n := h.InFlight(); n != 4 {
		t.Errorf("%d in flight, want 4", n)
	}
	if len(g.arrived) != 0 {
		t.Error("a fourth call runs, above the concurrency")
	}
	running[0] <- http.StatusOK
	fourth := <-g.arrived // only now that a process is free
	for _, c := range []chan int{running[1], running[2], fourth} {
		c <- http.StatusOK
	}
	for range 4 {
		if r := <-results; r.FunctionError != "" {
			t.Errorf("%s", r.Payload)
		}
	}
	if n := h.InFlight(); n != 0 {
		t.Errorf("%d in flight, want none", n)
	}
	cold := 0
	for _, i := range h.Invocations() {
		if i.Cold {
			cold++
		}
	}
	if cold != 3 {
		t.Errorf("%d cold starts, want 3", cold)
	}
}

func TestInvoke_goesOnWhenTheCallerIsGone(t *testing.T) {
	seen, observe := observer()
	h, g := open(t, Options{Observe: observe}, echo), newGate(t)
	ctx, leave := context.WithCancel(t.Context())
	result := make(chan front.Result)
	go func() { result <- h.Invoke(ctx, echo.Deployed, g.event(), false) }()
	call := <-g.arrived
	leave()
	if r := <-result; r.FunctionError == "" {
		t.Errorf("an answer without one: %s", r.Payload)
	}
	if n := h.InFlight(); n != 1 {
		t.Errorf("%d in flight, want the one that goes on", n)
	}
	call <- http.StatusOK
	if i := <-seen; i.Error != "" {
		t.Errorf("it did not go on: %s", i.Error)
	}
}

func TestKill_answersWithExitErrorAndTheNextCallStartsAnew(t *testing.T) {
	h, g := open(t, Options{}, echo), newGate(t)
	result := make(chan front.Result)
	go func() { result <- h.Invoke(context.Background(), echo.Deployed, g.event(), false) }()
	<-g.arrived
	if n := h.Kill(echo.Deployed); n != 1 {
		t.Errorf("killed %d, want 1", n)
	}
	name, message := problem(t, <-result)
	if name != "Runtime.ExitError" || !strings.HasSuffix(message, "signal: killed") {
		t.Errorf("error = %s: %s", name, message)
	}
	invoke(t, h, `{}`)
	h.Kill(echo.Deployed) // idle this time
	if r := invoke(t, h, `{}`); r.FunctionError != "" {
		t.Errorf("after a kill: %s", r.Payload)
	}
	if n := h.Kill("other"); n != 0 {
		t.Errorf("killed %d of a function that there is not", n)
	}
}

func TestInvoke_asynchronousRetriesTwiceInDataTimeAndThenDrops(t *testing.T) {
	seen, observe := observer()
	h := open(t, Options{Retries: 2, Observe: observe}, echo)
	if r := h.Invoke(t.Context(), echo.Deployed, []byte(`{"do":"named-error"}`), true); r.FunctionError != "" || r.Payload != nil {
		t.Errorf("an asynchronous call was answered: %+v", r)
	}
	first, second, third := <-seen, <-seen, <-seen
	if w := second.Started.Sub(first.Ended).Minutes(); w < 1 || second.Attempt != 2 {
		t.Errorf("first retry is attempt %d after %.1f minutes, want 1", second.Attempt, w)
	}
	if w := third.Started.Sub(second.Ended).Minutes(); w < 2 || third.Attempt != 3 {
		t.Errorf("second retry is attempt %d after %.1f minutes, want 2", third.Attempt, w)
	}
	if first.RequestID != third.RequestID || !third.Asynchronous {
		t.Errorf("a retry is the same event: %+v and %+v", first, third)
	}
	h.work.Wait()
	dropped := h.Dropped()
	if len(dropped) != 1 || dropped[0].Error != "DR.StepFailed: no capacity" || h.InFlight() != 0 {
		t.Errorf("dropped %+v, %d in flight", dropped, h.InFlight())
	}
}

func TestInvoke_asynchronousIsDoneOnceARetrySucceeds(t *testing.T) {
	seen, observe := observer()
	h, g := open(t, Options{Retries: 2, Observe: observe}, echo), newGate(t)
	h.Invoke(t.Context(), echo.Deployed, g.event(), true)
	<-g.arrived <- http.StatusInternalServerError
	<-g.arrived <- http.StatusOK
	if first, second := <-seen, <-seen; first.Error == "" || second.Error != "" {
		t.Errorf("attempts: %+v and %+v", first, second)
	}
	h.work.Wait()
	if len(h.Dropped()) != 0 {
		t.Error("an event that was taken was dropped")
	}
}

func TestInvoke_asynchronousDeliversEveryNthEventTwice(t *testing.T) {
	seen, observe := observer()
	h := open(t, Options{Doubles: 3, Observe: observe}, echo)
	for range 6 {
		h.Invoke(t.Context(), echo.Deployed, []byte(`{}`), true)
	}
	deliveries := map[string]int{}
	for range 8 {
		deliveries[(<-seen).RequestID]++
	}
	h.work.Wait()
	twice := 0
	for _, n := range deliveries {
		if n == 2 {
			twice++
		}
	}
	if len(deliveries) != 6 || twice != 2 || len(seen) != 0 {
		t.Errorf("%d events, %d of them twice; want 6 and 2", len(deliveries), twice)
	}
}

func TestAfterDone_mayRepeatWhatAnsweredDone(t *testing.T) {
	var repeated []string
	h := open(t, Options{AfterDone: func(function string, payload []byte, again func() front.Result) {
		repeated = append(repeated, function, string(payload), string(again().Payload))
	}}, echo)
	invoke(t, h, `{"status":"WAIT"}`)
	invoke(t, h, `{"status":"DONE"}`)
	want := []string{"pilotlight-echo", `{"status":"DONE"}`, `{"status":"DONE"}`}
	if diff := cmp.Diff(want, repeated); diff != "" {
		t.Error(diff)
	}
	if n := len(h.Invocations()); n != 3 {
		t.Errorf("%d invocations, want 3", n)
	}
}

func TestClose_endsEveryProcessAndAnswersWhatIsRunning(t *testing.T) {
	h, g := open(t, Options{Retries: 2}, echo), newGate(t)
	var pid int
	invokeInto(t, h, `{"do":"pid"}`, &pid)
	result := make(chan front.Result)
	go func() { result <- h.Invoke(context.Background(), echo.Deployed, g.event(), false) }()
	<-g.arrived
	h.Invoke(t.Context(), echo.Deployed, g.event(), true)
	<-g.arrived
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	problem(t, <-result)
	if alive(pid) {
		t.Error("a process is still there")
	}
	if name, _ := problem(t, invoke(t, h, `{}`)); name != "Rehearsal.Closed" {
		t.Errorf("after Close: %s", name)
	}
	if err := h.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if n := h.InFlight(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}

func TestInFlight_leavesOutAFunctionThatOnlyWatches(t *testing.T) {
	fn := echo
	fn.Watches = true
	h, g := open(t, Options{}, fn), newGate(t)
	result := make(chan front.Result)
	go func() { result <- h.Invoke(context.Background(), echo.Deployed, g.event(), false) }()
	running := <-g.arrived
	if n := h.InFlight(); n != 0 {
		t.Errorf("%d in flight while it runs", n)
	}
	running <- http.StatusOK
	if r := <-result; r.FunctionError != "" || h.InFlight() != 0 {
		t.Errorf("%s, %d in flight afterwards", r.Payload, h.InFlight())
	}
}
