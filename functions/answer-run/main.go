// answer-run takes what a person says to a run.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/answering"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[answering.Answer] {
	return answering.Handler(ledger.New(cfg))
}
