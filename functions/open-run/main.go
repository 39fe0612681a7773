// open-run takes up a run and pins the recovery points that it will use.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/alarm"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/opening"
	"github.com/pilotlight/pilotlight/pkg/protect/points"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[opening.Answer] {
	return opening.Handler(ledger.New(cfg), points.New(cfg), alarm.New(cfg))
}
