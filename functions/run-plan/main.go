// run-plan is the step kind of that name as a Lambda function.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/execution"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/step/runplan"
)

func main() { edge.Main(wire) }

// A child's ledger and functions are beside this one, in whatever region steps act.
func wire(cfg aws.Config) edge.Handler[step.Answer] {
	book := ledger.New(cfg)
	return step.Handler(book, func(string) *runplan.Kind { return runplan.New(cfg, book, execution.New(cfg)) })
}
