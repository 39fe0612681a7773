// reap-drills removes what drills that were interrupted have left, by asking the
// steps that made it, and says what is still there.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/drill"
	"github.com/pilotlight/pilotlight/pkg/drill/remains"
	"github.com/pilotlight/pilotlight/pkg/drill/steps"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[drill.Answer] {
	return drill.New(ledger.New(cfg), steps.New(cfg), remains.New(cfg)).Handle
}
