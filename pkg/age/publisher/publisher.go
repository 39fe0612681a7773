// Package publisher tells CloudWatch, every few minutes, how old the recovery
// points of a plan's policies are, and notes it in the plan's ledger, for whoever
// decides whether a failover starts.
//
// It guarantees that what it publishes is dated by the ledger read that it began
// with, and that one policy which cannot be read does not keep the others from
// being published. Of such a policy it publishes nothing at all, and nothing of
// one that matches nothing: the alarm at the RPO takes missing data for a breach,
// because what nobody can vouch for is not protected. In the ledger stays what was
// known of it, with its date. A ledger that takes no note keeps no metric back.
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
	"github.com/pilotlight/pilotlight/pkg/run"
)

// function is the folder of the function that this package is the behaviour of.
const function = "publish-ages"

// patience is how long one policy may be looked at. A region that hangs costs
// three attempts of ten seconds (pkg/edge, the SDK's retryer) before the answer
// comes from the other side; the function itself has a minute.
const patience = 50 * time.Second

// Ledger is what publishing needs of the plan's ledger. Aged overwrites.
type Ledger interface {
	protect.Ledger
	Ages(ctx context.Context, plan string) ([]run.Age, error)
	Aged(ctx context.Context, plan string, age run.Age) error
}

// Publisher writes metrics to its output.
type Publisher struct {
	ledger  Ledger
	inspect func(context.Context, protect.Pass) ([]protect.Source, error)
	out     io.Writer
}

// New publishes through the standard output, which Lambda sends to CloudWatch
// Logs line by line, as it does with the standard error.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
func New(cfg aws.Config, ledger Ledger) *Publisher {
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
	Unnoted       string   `json:"unnoted,omitempty"`       // why the ledger does not have it; empty: it has
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
	known, unread := p.ledger.Ages(ctx, in.Plan)
	// All at once: each is published as soon as it is known, whoever else hangs.
	var looking sync.WaitGroup
	var writing sync.Mutex
	for i, pass := range passes {
		looking.Go(func() {
			sources, err := p.look(ctx, pass)
			said.Policies[i] = p.publish(&writing, pass, sources, err)
			unnoted := unread
			if unread == nil {
				unnoted = p.ledger.Aged(ctx, pass.Plan, age.After(knownOf(known, pass), pass.Policy, sources, err, pass.Now))
			}
			if unnoted != nil {
				slog.WarnContext(ctx, "ages not noted", "plan", pass.Plan, "policy", pass.Policy.Name, "err", unnoted)
				said.Policies[i].Unnoted = unnoted.Error()
			}
		})
	}
	looking.Wait()
	return said, nil
}

// look is what the policy of a pass protects; something, or an error.
func (p *Publisher) look(ctx context.Context, pass protect.Pass) ([]protect.Source, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sources, err := p.inspect(ctx, pass)
	if err == nil && len(sources) == 0 {
		err = fmt.Errorf("policy %s matches nothing in %s", pass.Policy.Name, pass.From.Region)
	}
	return sources, err
}

// publish writes the line of one policy, if it is known.
func (p *Publisher) publish(writing *sync.Mutex, pass protect.Pass, sources []protect.Source, err error) Policy {
	var ages age.Ages
	if err == nil {
		ages = age.Of(pass.Policy, sources, pass.Now)
		var line []byte
		if line, err = ages.Line(pass.Plan, pass.Policy.Name, pass.Now); err == nil {
			writing.Lock()
			defer writing.Unlock()
			_, err = p.out.Write(append(line, '\n'))
		}
	}
	return told(pass, ages, err)
}

// knownOf is what was known of the policy of a pass.
func knownOf(known []run.Age, pass protect.Pass) run.Age {
	for _, age := range known {
		if age.Policy == pass.Policy.Name {
			return age
		}
	}
	return run.Age{}
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
