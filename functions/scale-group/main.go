// scale-group is the step kind of that name as a Lambda function.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/step"
	"github.com/pilotlight/pilotlight/pkg/step/scalegroup"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[step.Answer] {
	return step.Handler(ledger.New(cfg), edge.In(cfg, scalegroup.New))
}
