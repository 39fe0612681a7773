package lambdahost

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pilotlight/pilotlight/pkg/rehearsal/front"
)

// event is one event for one function; its deliveries share the request ID.
type event struct {
	id           string
	arn          string // that it was invoked under
	payload      []byte
	asynchronous bool
}

// Timeout is how long one invocation of a function may last, given as for Invoke.
func (h *Host) Timeout(function string) (limit time.Duration, found bool) {
	d, _ := h.find(function)
	if d == nil {
		return 0, false
	}
	return d.fn.Timeout, true
}

// Invoke runs function, given as a name or an ARN, each with or without a
// version. A synchronous call returns when the function has answered; when ctx
// ends first, the function goes on, as on AWS, and is still in flight. An
// asynchronous one returns at once, and the event is delivered at least once.
func (h *Host) Invoke(ctx context.Context, function string, payload []byte, asynchronous bool) front.Result {
	d, arn := h.find(function)
	if d == nil {
		return front.Result{NotFound: true}
	}
	ev := event{id: requestID(), arn: arn, payload: bytes.Clone(payload), asynchronous: asynchronous}
	if asynchronous {
		for range h.deliveries() {
			if !h.begin(d) {
				return hostClosed(ev.id).result()
			}
			go h.deliver(d, ev)
		}
		return front.Result{}
	}
	if !h.begin(d) {
		return hostClosed(ev.id).result()
	}
	done := make(chan front.Result, 1)
	go func() {
		result := h.synchronous(d, ev)
		h.over(d)
		done <- result
	}()
	select {
	case result := <-done:
		return result
	case <-ctx.Done():
		return failure("Rehearsal.CallerGone", ctx.Err().Error()).result()
	}
}

func (h *Host) synchronous(d *deployment, ev event) front.Result {
	first := h.perform(d, ev, 1)
	if h.options.AfterDone != nil && done(first) {
		h.options.AfterDone(d.fn.Deployed, ev.payload, func() front.Result {
			again := ev
			again.id = requestID()
			return h.perform(d, again, 1).result()
		})
	}
	return first.result()
}

// done says whether a step answered that it is.
func done(a answer) bool {
	var said struct {
		Status string `json:"status"`
	}
	return !a.failed && json.Unmarshal(a.payload, &said) == nil && said.Status == "DONE"
}

// deliveries is how often the next asynchronous event is delivered.
func (h *Host) deliveries() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events++
	if h.options.Doubles > 0 && h.events%h.options.Doubles == 0 {
		return 2
	}
	return 1
}

// deliver tries an asynchronous event until the function has taken it, or drops
// it.
func (h *Host) deliver(d *deployment, ev event) {
	defer h.over(d)
	for attempt := 1; ; attempt++ {
		a := h.perform(d, ev, attempt)
		if !a.failed || h.ctx.Err() != nil {
			return
		}
		if attempt > h.options.Retries {
			h.drop(d, ev, attempt, a)
			return
		}
		if h.options.Clock.Wait(h.ctx, time.Duration(attempt)*time.Minute) != nil {
			return // the host is closed
		}
	}
}

// perform is one invocation: it waits for a process that is free, or starts one,
// and records how it went.
func (h *Host) perform(d *deployment, ev event, attempt int) answer {
	if d.enter(h.ctx) != nil {
		return hostClosed(ev.id)
	}
	defer d.leave()
	i := Invocation{
		Function: d.fn.Deployed, RequestID: ev.id, Started: h.options.Clock.Now(),
		Asynchronous: ev.asynchronous, Attempt: attempt,
	}
	a := h.occupy(d, ev, &i)
	i.Ended, i.Error = h.options.Clock.Now(), a.problem()
	h.record(i)
	return a
}

// occupy has one process serve the event and notes in i how that went.
func (h *Host) occupy(d *deployment, ev event, i *Invocation) answer {
	e := d.warm()
	if e == nil {
		var err error
		if e, err = d.cold(h.options.Log, h.embed(d.fn.Region), h.start); err != nil {
			return notStarted(ev.id, err)
		}
		a, ok := e.ready(ev.id)
		i.Cold, i.InitMillis = true, millis(e.init)
		if !ok {
			d.put(e, false)
			i.Wrote = e.output.lines()
			return a
		}
	}
	began := time.Now()
	c := &call{id: ev.id, arn: ev.arn, trace: traceID(began), payload: ev.payload, answered: make(chan answer, 1)}
	a, reusable := e.serve(c, d.fn.Timeout)
	i.DurationMillis = millis(time.Since(began))
	d.put(e, reusable)
	if a.failed {
		i.Wrote = e.output.lines()
	}
	return a
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// requestID is a random UUID.
func requestID() string {
	s := identity(16)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", s[:8], s[8:12], s[13:16], s[17:20], s[20:])
}

// traceID is one that is not sampled: nobody collects traces here.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(now time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%s;Sampled=0", now.Unix(), identity(12))
}
