// close-run says how a run ended and moves the plan's posture there.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/closing"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[closing.Answer] {
	return closing.Handler(ledger.New(cfg))
}
