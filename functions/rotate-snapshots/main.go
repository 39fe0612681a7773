// rotate-snapshots takes, copies and retires the snapshots of a protection policy.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/snapshots"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[protect.Answer] {
	return protect.RotateSnapshots.Queued(snapshots.New(cfg, ledger.New(cfg)).Handle)
}
