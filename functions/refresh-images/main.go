// refresh-images makes, copies and retires the images of a protection policy, and
// points the recovery region at the newest usable one.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/protect"
	"github.com/pilotlight/pilotlight/pkg/protect/images"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[protect.Answer] {
	return protect.RefreshImages.Queued(images.New(cfg, ledger.New(cfg)).Handle)
}
