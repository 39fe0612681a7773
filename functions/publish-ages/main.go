// publish-ages turns the ages of a plan's recovery points into metrics.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/age/publisher"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[publisher.Published] {
	return publisher.New(cfg, ledger.New(cfg)).Handle
}
