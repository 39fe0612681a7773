// Package probe asks a workload from outside whether it serves, several times a
// minute, and has what it saw published as metrics. An alarm on them is a signal of
// a disaster.
//
// It guarantees that every try is made anew, with a lookup and a connection of its
// own; that no try and no wait outlasts the invocation; and that what was cut short
// counts for nothing: a probe that cannot tell says nothing, and its alarm then has
// no data. It decides nothing, remembers nothing, and calls AWS through Metrics
// alone.
package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/visit"
)

// Function is the folder of the function that this package is the behaviour of.
const Function = "probe"

// Every is how often it is invoked, and the time over which it spreads its tries.
const Every = time.Minute

// Timeout is what the function needs: one half for the tries, the other to publish
// them, which on a bad day takes its retries.
const Timeout = 2 * Every

// The metrics, none of which has a dimension.
const (
	Reached         = "Reached"         // a value a try: 1 when it was answered as the plan says, else 0
	Seconds         = "Seconds"         // a value a try that was: how long it took
	CertificateDays = "CertificateDays" // days until visitors stop to trust the certificate
)

// Namespace is the plan's own, and not the posture's: who probes may move no
// traffic.
func Namespace(plan string) string { return "Pilotlight/" + plan + "/probe" }

// Metrics publishes what was seen. Doing so twice makes the minute have more
// values, which changes no average that an alarm looks at.
type Metrics interface {
	Publish(ctx context.Context, plan string, tries []Try) error
}

// Try is what one try saw.
type Try struct {
	Reached bool    `json:"reached"`
	Saw     string  `json:"saw"`     // for people
	Seconds float64 `json:"seconds"` // that it took
	// CertificateDays are what the certificate's chain has left; zero: there was none.
	CertificateDays float64 `json:"certificateDays,omitempty"`
}

// Output is what a call saw: for whoever tries it in the console.
type Output struct {
	Asked   string `json:"asked"`
	Reached int    `json:"reached"` // of the tries
	Tries   []Try  `json:"tries"`
}

// Prober is the function probe.
type Prober struct {
	metrics  Metrics
	visitor  visit.Visitor
	dialer   net.Dialer
	resolver *net.Resolver
	clock    clock
}

// New probes over the network as any visitor does.
func New(metrics Metrics) Prober { return on(metrics, nil, net.DefaultResolver, machine()) }

func on(metrics Metrics, client *http.Client, resolver *net.Resolver, c clock) Prober {
	return Prober{
		metrics: metrics, visitor: visit.New("pilotlight-probe", client),
		dialer: net.Dialer{Resolver: resolver}, resolver: resolver, clock: c,
	}
}

// Handle probes for a minute.
func (p Prober) Handle(ctx context.Context, raw json.RawMessage) (Output, error) {
	in, err := Decode(raw)
	if err != nil {
		return Output{}, err
	}
	tries, err := p.tries(ctx, in.Probe)
	if err != nil {
		return Output{}, fmt.Errorf("probe %s: %w", Asked(in.Probe), err)
	}
	out := Output{Asked: Asked(in.Probe), Tries: tries}
	var bad []string
	for _, try := range tries {
		if try.Reached {
			out.Reached++
		} else {
			bad = append(bad, try.Saw)
		}
	}
	if len(bad) > 0 {
		slog.WarnContext(ctx, "not reached", "plan", in.Plan, "reason", strings.Join(bad, "; "))
	}
	return out, p.metrics.Publish(ctx, in.Plan, tries)
}

// tries asks as often as the plan says, spread over half of what the invocation has
// left, a minute at most. A try whose turn is over is not made.
func (p Prober) tries(ctx context.Context, spec plan.Probe) ([]Try, error) {
	began, spread := p.clock.now(), Every
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, deadline.Sub(began)/2)
	}
	turn := spread / time.Duration(spec.Tries)
	var tries []Try
	for n := range spec.Tries {
		next := began.Add(time.Duration(n) * turn)
		if err := p.clock.wait(ctx, next.Sub(p.clock.now())); err != nil {
			return nil, err
		}
		if n > 0 && p.clock.now().After(began.Add(spread)) {
			break
		}
		try := p.try(ctx, spec, min(spec.Timeout.D(), turn))
		if ctx.Err() != nil { // its own end is not the workload's
			return nil, ctx.Err()
		}
		tries = append(tries, try)
	}
	return tries, nil
}

// try asks once.
func (p Prober) try(ctx context.Context, spec plan.Probe, patience time.Duration) Try {
	began := p.clock.now()
	seen, err := p.ask(ctx, spec, patience)
	try := Try{Reached: err == nil, Saw: seen.text, Seconds: p.clock.now().Sub(began).Seconds()}
	if err != nil {
		try.Saw = err.Error()
	}
	if !seen.valid.IsZero() {
		try.CertificateDays = seen.valid.Sub(began).Hours() / 24
	}
	return try
}
