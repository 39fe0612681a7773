// protect-databases protects the database of a protection policy: by having RDS
// replicate its backups, or by taking, copying and retiring snapshots.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/databases"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[protect.Answer] {
	return databases.New(cfg, ledger.New(cfg)).Handle
}
