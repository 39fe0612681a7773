// keep-fence goes on fencing an old primary that did not answer during a failover.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/step/fence"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[fence.Kept] { return fence.Keep(cfg, ledger.New(cfg)) }
