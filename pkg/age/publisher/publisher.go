// Package publisher tells CloudWatch, every few minutes, how old the recovery
// points of a plan's policies are.
//
// It guarantees that what it publishes is dated by the ledger read that it began
// with, and that one policy which cannot be read does not keep the others from
// being published. Of such a policy it publishes nothing at all, and nothing of
// one that matches nothing: the alarm at the RPO takes missing data for a breach,
// because what nobody can vouch for is not protected.
package publisher

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/age"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/access"
	"github.com/pilotlight/pilotlight/pkg/protect/inspect"
)

// function is the folder of the function that this package is the behaviour of.
const function = "publish-ages"

// patience is how long one policy may be looked at. A region that hangs costs
// three attempts of ten seconds (pkg/edge, the SDK's retryer) before the answer
// comes from the other side; the function itself has a minute.
const patience = 50 * time.Second

// Publisher writes metrics to its output.
type Publisher struct {
	ledger  protect.Ledger
	inspect func(context.Context, protect.Pass) ([]protect.Source, error)
	out     io.Writer
}

// New publishes through the standard output, which Lambda sends to CloudWatch
// Logs line by line, as it does with the standard error.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
func New(cfg aws.Config, ledger protect.Ledger) *Publisher {
	cfg = access.Once(cfg)
	return &Publisher{ledger, func(ctx context.Context, pass protect.Pass) ([]protect.Source, error) {
		return inspect.Sources(ctx, cfg, pass)
	}, os.Stdout}
}

// Published is what a call told CloudWatch: for whoever tries it in the console.
type Published struct {
	At       time.Time `json:"at"`
	Policies []Policy  `json:"policies"` // in the order of the input
}

// Policy is what was published of one.
type Policy struct {
	Policy        string   `json:"policy"`
	Sources       int      `json:"sources"`
	BeyondRPO     int      `json:"beyondRPO"`
	OldestSeconds *float64 `json:"oldestSeconds,omitempty"` // nil: no source has a point
	Problem       string   `json:"problem,omitempty"`       // why nothing was published; empty: it was
}

// Handle is the publisher as a Lambda handler. A policy that could not be read is
// no error: the alarm says it, and the next call comes in a few minutes anyway.
func (p *Publisher) Handle(ctx context.Context, raw json.RawMessage) (Published, error) {
	in, err := protect.DecodeOverview(function, raw)
	if err != nil {
		return Published{}, err
	}
	passes, err := in.Begin(ctx, p.ledger)
	if err != nil {
		return Published{}, err
	}
	said := Published{At: passes[0].Now, Policies: make([]Policy, len(passes))}
	// All at once: each is published as soon as it is known, whoever else hangs.
	var looking sync.WaitGroup
	var writing sync.Mutex
	for i, pass := range passes {
		looking.Go(func() {
			ages, line, err := p.look(ctx, pass)
			writing.Lock()
			defer writing.Unlock()
			if err == nil {
				_, err = p.out.Write(line)
			}
			said.Policies[i] = told(pass, ages, err)
		})
	}
	looking.Wait()
	return said, nil
}

// look is the ages of one policy, and the line that says them.
func (p *Publisher) look(ctx context.Context, pass protect.Pass) (age.Ages, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sources, err := p.inspect(ctx, pass)
	if err != nil {
		return age.Ages{}, nil, err
	}
	if len(sources) == 0 {
		return age.Ages{}, nil, fmt.Errorf("policy %s matches nothing in %s", pass.Policy.Name, pass.From.Region)
	}
	ages := age.Of(pass.Policy, sources, pass.Now)
	line, err := ages.Line(pass.Plan, pass.Policy.Name, pass.Now)
	return ages, append(line, '\n'), err
}

// told is what was done about a policy, for the answer and the log.
func told(pass protect.Pass, ages age.Ages, err error) Policy {
	said := Policy{Policy: pass.Policy.Name, Sources: ages.Sources, BeyondRPO: ages.Beyond}
	if err != nil {
		slog.Warn("ages not published", "plan", pass.Plan, "policy", pass.Policy.Name, "err", err)
		said.Problem = err.Error()
		return said
	}
	if ages.Known {
		seconds := ages.Oldest.Seconds()
		said.OldestSeconds = &seconds
	}
	return said
}
