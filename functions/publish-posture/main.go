// publish-posture turns the ledger's posture into the metric that traffic follows.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/posture/publisher"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[publisher.Published] {
	return publisher.New(cfg, ledger.New(cfg)).Handle
}
