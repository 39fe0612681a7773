// decide-failover reads a plan's alarms and starts exactly one run when they all
// say disaster.
package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pilotlight/pilotlight/pkg/alarm"
	"github.com/pilotlight/pilotlight/pkg/decide"
	"github.com/pilotlight/pilotlight/pkg/edge"
	"github.com/pilotlight/pilotlight/pkg/execution"
	"github.com/pilotlight/pilotlight/pkg/ledger"
)

func main() { edge.Main(wire) }

func wire(cfg aws.Config) edge.Handler[decide.Output] {
	decider := decide.Decider{Ledger: ledger.New(cfg), Alarms: alarm.New(cfg), Executions: execution.New(cfg)}
	return decider.Handle
}
