// watch-replication says what is wrong with the replication of a policy's bucket
// or table.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/replication"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[protect.Answer] {
	return protect.WatchReplication.Queued(replication.New(cfg, ledger.New(cfg)).Handle)
}
