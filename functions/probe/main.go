// probe asks the workload from outside, and publishes what it saw.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/probe"
	"github.com/pilotlight/pilotlight/pkg/probe/publisher"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[probe.Output] {
	return probe.New(publisher.New(cfg)).Handle
}
