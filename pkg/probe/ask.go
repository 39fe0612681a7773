package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pilotlight/pilotlight/pkg/plan"
)

// seen is what was seen.
type seen struct {
	text  string
	valid time.Time // until when the certificate is; zero: there was none
}

// Asked is what a probe asks, for people.
func Asked(spec plan.Probe) string {
	switch {
	case spec.TCP != "":
		return "tcp " + spec.TCP
	case spec.DNS != "":
		return "dns " + spec.DNS
	}
	return spec.URL
}

// ask is the one thing that the probe asks. An error says what is wrong with it.
func (p Prober) ask(ctx context.Context, spec plan.Probe, patience time.Duration) (seen, error) {
	switch {
	case spec.TCP != "":
		return p.connect(ctx, spec.TCP, patience)
	case spec.DNS != "":
		return p.resolve(ctx, spec, patience)
	}
	return p.visit(ctx, spec, patience)
}

func (p Prober) visit(ctx context.Context, spec plan.Probe, patience time.Duration) (seen, error) {
	answer, err := p.visitor.Ask(ctx, spec.URL, patience)
	if err != nil {
		return seen{}, err
	}
	saw := seen{fmt.Sprintf("%s answered %d", spec.URL, answer.Status), answer.Valid}
	switch {
	case answer.Status != spec.Status:
		return saw, fmt.Errorf("%s, not %d", saw.text, spec.Status)
	case !strings.Contains(string(answer.Body), spec.Body):
		return saw, fmt.Errorf("%s without %q in its body", saw.text, spec.Body)
	}
	return saw, nil
}

// connect opens a connection and closes it. The address family is the resolver's
// choice: of several addresses the dialer takes the one that answers first.
func (p Prober) connect(ctx context.Context, address string, patience time.Duration) (seen, error) {
	ctx, cancel := impatient(ctx, patience)
	defer cancel()
	connection, err := p.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return seen{}, because(ctx, "connect to "+address, err)
	}
	saw := seen{text: fmt.Sprintf("%s accepts connections, at %s", address, connection.RemoteAddr())}
	return saw, connection.Close()
}

// resolve looks a name up: its addresses, and the name at the end of its aliases. It
// is whole, so no search domain is tried.
func (p Prober) resolve(ctx context.Context, spec plan.Probe, patience time.Duration) (seen, error) {
	ctx, cancel := impatient(ctx, patience)
	defer cancel()
	name := strings.TrimSuffix(spec.DNS, ".") + "."
	answers, err := p.resolver.LookupHost(ctx, name)
	if err != nil {
		return seen{}, because(ctx, "resolve "+spec.DNS, err)
	}
	if spec.Answer != "" && net.ParseIP(spec.Answer) == nil {
		canonical, err := p.resolver.LookupCNAME(ctx, name)
		if err != nil {
			return seen{}, because(ctx, "resolve "+spec.DNS, err)
		}
		answers = append(answers, canonical)
	}
	saw := seen{text: fmt.Sprintf("%s is %s", spec.DNS, strings.Join(answers, ", "))}
	if spec.Answer != "" && !slices.ContainsFunc(answers, func(a string) bool { return same(a, spec.Answer) }) {
		return saw, fmt.Errorf("%s, not %s", saw.text, spec.Answer)
	}
	return saw, nil
}

// same says whether two answers are the same address or name, however written.
func same(a, b string) bool {
	one, err := netip.ParseAddr(a)
	other, otherErr := netip.ParseAddr(b)
	if err == nil && otherErr == nil {
		return one.Unmap() == other.Unmap()
	}
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

func impatient(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
}

// because says how long was waited, where the network says only that it was too long.
func because(ctx context.Context, what string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("%s: %w", what, err)
}
