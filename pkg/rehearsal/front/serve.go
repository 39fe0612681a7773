package front

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// exchange is one request on its way through the front.
type exchange struct {
	who     identity
	account string // the caller's; "": the simulator's own
	request *http.Request
	body    []byte
	form    url.Values // of a query-protocol request
	edited  bool       // form is what goes upstream, not body
	now     time.Time  // data time of arrival
	old     databaseLooks
	wanted  string   // the one database that a Describe is for, when moto is asked for all
	filters []filter // of a Describe, withheld from moto
	page    *page    // of a Describe; nil: everything at once
}

// place is where the caller is.
func (x *exchange) place() place { return place{x.account, x.who.Region} }

// part is what the front adds to one action. Each func may be nil.
type part struct {
	// before may refuse the call, or edit the form.
	before func(*Front, context.Context, *exchange) *failure
	// remember notes what a successful call began. A call that repeats a client
	// token is answered by moto with what it made first, which is known already.
	remember func(*Front, context.Context, *exchange, *answer)
	// rewrite turns moto's answer into AWS's.
	rewrite func(*Front, *exchange, *answer) *failure
}

// parts by service and action. What is not named passes through.
var parts = func() map[string]part {
	all := map[string]part{}
	for _, group := range []map[string]part{ec2Parts, ec2Listings, rdsParts, rdsClusterParts, rdsSnapshotParts, balancerParts, route53Parts, sqsParts, stsParts} {
		for name, p := range group {
			all[name] = p
		}
	}
	return all
}()

// ServeHTTP answers one request as AWS would.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away while it was speaking
	}
	form := formOf(r, body)
	x := &exchange{who: identify(r, form), account: accountOf(r), request: r, body: body, form: form, now: f.clock.Now()}
	if f.weather.isStruck(x.who.Region) {
		f.hang(x)
		return
	}
	a, how := f.answer(x)
	if f.weather.isStruck(x.who.Region) { // struck while the request was under way
		f.hang(x)
		return
	}
	f.audit.note(x.who, how)
	// Decisions are dated by this header, so it carries data time (DESIGN.md, idea 5).
	w.Header().Set("Date", f.clock.Now().UTC().Format(http.TimeFormat))
	if err := a.write(w); err != nil && r.Context().Err() == nil {
		f.log.Error("answer not delivered", "service", x.who.Service, "action", x.who.Action, "err", err)
	}
}

// hang answers nothing until the client goes away, or Close cuts the connection,
// which ends the request's context too.
func (f *Front) hang(x *exchange) {
	f.audit.note(x.who, hung)
	<-x.request.Context().Done()
}

func (f *Front) answer(x *exchange) (*answer, outcome) {
	p := protocolOf(x.request, x.who)
	if f.weather.of(x.who.Region) == refusing {
		down := &failure{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "The service is unavailable."}
		return down.answer(p), refused
	}
	fault := f.faults.take(x.who, x.body)
	if fault != nil && !fault.AfterActing {
		return fault.failure().answer(p), refused
	}
	a, refusal := f.act(x)
	switch {
	case refusal != nil:
		return refusal.answer(p), refused
	case !a.ok():
		return a, refused
	case fault != nil:
		return fault.failure().answer(p), lost
	}
	return a, answered
}

func (f *Front) act(x *exchange) (*answer, *failure) {
	switch {
	case x.who.Service == "lambda":
		return f.lambda(x)
	case protocolOf(x.request, x.who) == cborErrors:
		return f.translate(x)
	}
	p := parts[x.who.Service+"."+x.who.Action]
	if p.remember != nil {
		f.turn.Lock()
		defer f.turn.Unlock()
	} else if p.rewrite != nil {
		f.turn.RLock()
		defer f.turn.RUnlock()
	}
	if p.before != nil {
		if refusal := p.before(f, f.alive, x); refusal != nil {
			return nil, refusal
		}
	}
	a, refusal := f.forward(x)
	if refusal != nil || !a.ok() {
		return a, refusal
	}
	if p.remember != nil {
		p.remember(f, f.alive, x, a)
	}
	if p.rewrite != nil {
		if refusal := p.rewrite(f, x, a); refusal != nil {
			return nil, refusal
		}
	}
	return a, nil
}

// forward sends an exchange to moto. What moto cannot do it says in HTML, or with
// a status that SDKs would try again, though it will never be able to.
func (f *Front) forward(x *exchange) (*answer, *failure) {
	body := x.body
	if x.edited {
		body = []byte(x.form.Encode())
	}
	a, err := f.upstream.forward(f.alive, x.request, x.account, body)
	if err != nil {
		f.log.Error("simulator does not answer", "service", x.who.Service, "action", x.who.Action, "err", err)
		return nil, &failure{status: http.StatusNotImplemented, code: "SimulatorDown", message: "the simulator behind the front does not answer: " + err.Error()}
	}
	inHTML := a.status >= 400 && strings.HasPrefix(a.header.Get("Content-Type"), "text/html")
	if (inHTML || a.status >= 500) && !strings.HasPrefix(x.request.URL.Path, "/moto-api") {
		f.log.Error("simulator cannot do this", "service", x.who.Service, "action", x.who.Action, "region", x.who.Region, "status", a.status, "answer", fmt.Sprintf("%.300s", a.body))
		return nil, notImplemented(x.who)
	}
	return a, nil
}

// notImplemented is 501, which no SDK tries again.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
func notImplemented(who identity) *failure {
	return &failure{status: http.StatusNotImplemented, code: "NotImplemented",
		message: "the rehearsal cannot do " + who.Service + " " + who.Action + ", or not with these parameters"}
}

// formOf reads the parameters of a query-protocol request.
func formOf(r *http.Request, body []byte) url.Values {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil {
			return form
		}
	}
	return r.URL.Query()
}
