package probe

import (
	"net"

	"github.com/pilotlight/pilotlight/pkg/failure"
	"github.com/pilotlight/pilotlight/pkg/input"
	"github.com/pilotlight/pilotlight/pkg/plan"
	"github.com/pilotlight/pilotlight/pkg/visit"
)

// mostTries is what a minute has room for, one a second.
const mostTries = 60

// Input is what the schedule sends.
type Input struct {
	Plan  string     `json:"plan"`
	Probe plan.Probe `json:"probe"` // filled, as a compiled plan has it
}

// Decode reads an input, and refuses what a plan could not say.
func Decode(raw []byte) (Input, error) {
	var in Input
	if err := input.Decode(Function, raw, &in); err != nil {
		return Input{}, err
	}
	if err := input.Need(Function, input.Field{Name: "plan", Value: in.Plan}); err != nil {
		return Input{}, err
	}
	if wrong := wrong(in.Probe); wrong != "" {
		return Input{}, failure.BadInputf("the \"probe\" of plan %s %s; send one as in events/%s", in.Plan, wrong, Function)
	}
	return in, nil
}

// wrong is what is wrong with a probe; empty: nothing.
func wrong(p plan.Probe) string {
	asks := 0
	for _, thing := range []string{p.URL, p.TCP, p.DNS} {
		if thing != "" {
			asks++
		}
	}
	switch _, _, err := net.SplitHostPort(p.TCP); {
	case asks != 1:
		return "must ask exactly one of \"url\", \"tcp\" and \"dns\""
	case p.URL != "" && !visit.Secure(p.URL):
		return "needs an https \"url\""
	case p.URL != "" && p.Status == 0:
		return "needs the \"status\" that the URL must answer with"
	case p.TCP != "" && err != nil:
		return "needs host:port as its \"tcp\""
	case p.Tries < 1 || p.Tries > mostTries:
		return "needs \"tries\", at least one and at most one a second"
	case p.Timeout <= 0:
		return "needs the \"timeout\" of a try"
	}
	return ""
}
