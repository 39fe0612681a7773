// hold-step asks a person what becomes of a step that failed, and waits for the
// answer.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/holding"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/notice"
	"github.com/pilotlight/pilotlight/pkg/step"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[step.Answer] {
	return holding.Handler(ledger.New(cfg), notice.New(cfg))
}
