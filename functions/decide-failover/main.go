// decide-failover reads a plan's signals and starts exactly one run when enough of
// them say disaster, or asks a person whether to.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/alarm"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/execution"
	"github.com/pilotlight/pilotlight/pkg/ledger"
	"github.com/pilotlight/pilotlight/pkg/notice"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[decide.Answer] {
	return decide.Decider{
		Ledger: ledger.New(cfg), Alarms: alarm.New(cfg), Executions: execution.New(cfg), People: notice.New(cfg),
		Deployed: edge.Input(), Log: edge.Log(),
	}.Receive
}
